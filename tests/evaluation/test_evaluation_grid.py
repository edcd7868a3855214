import numpy as np

from mammolens.datasets.phantom import make_phantom_exam
from mammolens.datasets.phantom_lesions import PhantomLesion
from mammolens.evaluation.evaluation_grid import LONGER_SIDE, EvaluationGrid
from mammolens.types import ImageHeader, Mammogram


def test_the_lesions_of_a_phantom_lie_in_its_breast_where_its_mask_says():
    exam = make_phantom_exam(3, lesions=(PhantomLesion(),), rows=700, columns=560, spacing=(0.36, 0.36))
    view = next(view for view in exam.views if view.lesions)
    header = ImageHeader(path="p.dcm", sop_instance_uid="1", patient_id="1", exam_id="1")
    grid = EvaluationGrid.of(Mammogram(header, view.pixels), view.lesions)
    assert max(grid.pixels.shape) == LONGER_SIDE
    assert grid.breast[grid.lesions > 0].mean() > 0.95
    assert (grid.inner <= grid.breast).all()
    assert 0.5 < grid.inner.sum() / grid.breast.sum() < 1
    bright = grid.resampled(np.asarray(view.lesion_mask, dtype=np.float32)) > 0.5
    assert (grid.lesions[bright] > 0).mean() > 0.9


def test_a_small_image_keeps_its_size(an_exam):
    grid = EvaluationGrid.of(an_exam[0])
    assert grid.pixels.shape == an_exam[0].pixels.shape
    assert not grid.lesions.any()
