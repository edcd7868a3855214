from __future__ import annotations

import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.dicom.reader import read_mammogram
from mammolens.enums import Keys, Laterality
from mammolens.errors import InputError
from mammolens.transforms.load import ATTRIBUTES, FULL_SIZE, LoadMammogram, LoadMammogramd, as_meta_tensor, header_of
from mammolens.types import ImageAttributes


def test_a_mammogram_becomes_a_tensor_with_its_header(a_view, mammogram_of):
    mammogram = mammogram_of(a_view.pixels)
    tensor = as_meta_tensor(mammogram)
    assert isinstance(tensor, MetaTensor)
    assert (tensor.dtype, tuple(tensor.shape)) == (torch.float32, (1, *a_view.pixels.shape))
    assert header_of(tensor) is mammogram.header
    assert tensor[:, 2:9, 3:5].meta[FULL_SIZE] == a_view.pixels.shape, "also of a part of it"
    np.testing.assert_array_equal(tensor.numpy()[0], a_view.pixels)


def test_the_tensor_shares_the_pixels_and_keeps_them_alive(a_view, mammogram_of):
    mammogram = mammogram_of(a_view.pixels.copy())
    tensor = as_meta_tensor(mammogram)
    assert np.shares_memory(tensor.numpy(), mammogram.pixels)
    del mammogram
    np.testing.assert_array_equal(tensor.numpy()[0], a_view.pixels)


def test_a_tensor_without_header_is_no_mammogram():
    with pytest.raises(TypeError, match="is str, not ImageHeader"):
        header_of(MetaTensor(torch.zeros(1, 2, 2), meta={"mammogram_header": "something"}))


def test_a_file_is_read_with_what_a_table_says(exams, tmp_path):
    path = write_phantom_exam(exams["isotropic"], tmp_path)[0]
    table = ImageAttributes(laterality=Laterality.LEFT)
    loaded = LoadMammogramd(Keys.IMAGE)({Keys.IMAGE: path, ATTRIBUTES: table})
    np.testing.assert_array_equal(loaded[Keys.IMAGE].numpy()[0], read_mammogram(path).pixels)
    assert header_of(loaded[Keys.IMAGE]) == read_mammogram(path, table).header
    assert header_of(LoadMammogram()(str(path))).laterality is Laterality.RIGHT


def test_what_cannot_be_read_is_the_reader_s_error(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        LoadMammogramd(Keys.IMAGE)({Keys.IMAGE: tmp_path / "gone.dcm"})
