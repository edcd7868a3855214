from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from mammolens.config import PreprocessingConfig
from mammolens.dicom.reader import read_mammogram
from mammolens.enums import Laterality
from mammolens.transforms.pipeline import Pipeline
from mammolens.transforms.regrid import regridded

COARSE = PreprocessingConfig(size=64, margin=0.05)
FINE = PreprocessingConfig(grid="pixel_size", pixel_size_mm=1.5, size=192, margin=0)


@pytest.fixture(params=[Laterality.LEFT, Laterality.RIGHT])
def prepared(request, phantoms):
    """One image with an outlined lesion on two grids; of both sides, since one of them is mirrored."""
    mammograms = (read_mammogram(case.path, case.attributes) for case in phantoms.cases)
    mammogram = next(one for one in mammograms if one.header.laterality is request.param)
    middle = ndimage.center_of_mass(mammogram.pixels > 0.1)
    row, column = np.indices(mammogram.pixels.shape)
    lesion = np.hypot(row - middle[0], column - middle[1]) < 14
    return [(pipeline, pipeline.prepare(mammogram, lesion)) for pipeline in (Pipeline(COARSE), Pipeline(FINE))]


@pytest.mark.parametrize("upwards", [False, True])
def test_a_lesion_comes_to_lie_where_the_other_pipeline_puts_it(prepared, upwards):
    onto, source = reversed(prepared) if upwards else prepared
    found = regridded(source[1].lesions.as_tensor(), *source, *onto)
    wanted = onto[1].lesions.as_tensor()
    assert found.shape == wanted.shape
    centres = [ndimage.center_of_mass(values[0].numpy()) for values in (found, wanted)]
    assert np.hypot(*np.subtract(*centres)) < 0.3
    assert float(found.sum()) == pytest.approx(float(wanted.sum()), rel=0.05)


def test_the_same_grid_gives_the_same_map(prepared):
    one = prepared[0]
    values = torch.rand(one[1].mask.shape)
    assert torch.equal(regridded(values, *one, *one), values)
