"""The calcification branch that is shipped, with a network of random weights beside it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import nn

from mammolens.calibration import calcifications
from mammolens.calibration.calibration import Calibration
from mammolens.config import ModelConfig
from mammolens.datasets.base import Dataset
from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.dicom.reader import read_mammogram
from mammolens.enums import QualityFlag, SpacingSource
from mammolens.errors import ModelError
from mammolens.inference.finding_text import describe_finding
from mammolens.inference.predictor import Predictor
from mammolens.models.calcifications import copy_branch
from mammolens.models.devices import Device
from mammolens.models.directory import TrainedModel, load_model, save_model, seal_model
from mammolens.models.networks import build_network
from mammolens.models.store import pretrained_directory
from mammolens.models.weights import round_weights
from mammolens.training.calibrate import Unseen, calibrate
from mammolens.training.lesions.fine_calcifications import draw_fine_cluster
from mammolens.transforms.pipeline import Pipeline
from mammolens.types import Mammogram, PixelSpacing

from ..second_device import PLACE, SecondDevice

pytestmark = pytest.mark.slow

FINE = 0.25  # mm
FEWEST_PATIENTS = 12  # in place of fifty


@pytest.fixture(scope="module", autouse=True)
def few_patients_suffice():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calcifications, "FEWEST_PATIENTS", FEWEST_PATIENTS)
        yield


@pytest.fixture(scope="module")
def fine_phantoms(tmp_path_factory) -> Dataset:
    """CC views of one patient more than needed, with small pixels, and small breasts."""
    folder = tmp_path_factory.mktemp("fine")
    made = write_phantom_dataset(
        folder, normals=FEWEST_PATIENTS + 1, seed=3, rows=320, columns=256, spacing=(FINE, FINE)
    )
    return made.where(lambda case: "CC" in case.path.name)


@pytest.fixture(scope="module")
def a_model(tmp_path_factory) -> TrainedModel:
    """A restorer that learned nothing, with the branch that is shipped."""
    config = ModelConfig.model_validate(
        {
            "name": "untrained",
            "preprocessing": {"grid": "pixel_size", "pixel_size_mm": 2.0, "size": 96, "margin": 0},
            "network": {"name": "small_unet", "options": {"width": 1}},
            "training": {"lesions": {}},
        }
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = build_network(config.network)
    round_weights(network)
    folder = tmp_path_factory.mktemp("model")
    save_model(folder, config, network, {})
    copy_branch(pretrained_directory(), folder)
    seal_model(folder)
    return load_model(folder, calibrated=False)


def calibrated(model: TrainedModel, dataset: Dataset, *, with_branch: bool = True) -> Calibration:
    branch = model.calcifications if with_branch else None
    unseen, pipeline = [Unseen(model.network, dataset.cases)], Pipeline(model.config.preprocessing)
    return calibrate(unseen, pipeline, model.config, lambda: None, branch)[0]


@pytest.fixture(scope="module")
def a_calibration(a_model, fine_phantoms) -> Calibration:
    return calibrated(a_model, fine_phantoms)


@pytest.fixture(scope="module")
def a_view(fine_phantoms) -> Mammogram:
    """A right CC view of a normal phantom."""
    case = next(case for case in fine_phantoms.cases if case.path.name.startswith("R_CC"))
    return read_mammogram(case.path, case.attributes)


@pytest.fixture(scope="module")
def a_place(a_view) -> tuple[int, int]:
    """Row and column in the middle of the breast."""
    inside = ndimage.distance_transform_edt(np.pad(a_view.pixels > 0.05, 1))[1:-1, 1:-1]
    row, column = np.unravel_index(int(inside.argmax()), inside.shape)
    return int(row), int(column)


@pytest.fixture(scope="module")
def a_cluster(a_view, a_place) -> Mammogram:
    """The same view with a drawn cluster."""
    side = 64
    drawn = next(
        profile
        for profile in (draw_fine_cluster(np.random.default_rng(seed), side, FINE) for seed in range(50))
        if profile.outline[side // 2 - 4 : side // 2 + 4, side // 2 - 4 : side // 2 + 4].all()
    )
    pixels = a_view.pixels.copy()
    top, left = a_place[0] - side // 2, a_place[1] - side // 2
    pixels[top : top + side, left : left + side] += 0.4 * drawn.added
    return Mammogram(a_view.header, pixels.clip(0, 1))


def test_a_cluster_is_found_and_named_once_the_branch_is_calibrated(a_model, a_calibration, a_view, a_cluster, a_place):
    predictor = Predictor(a_model, a_calibration)
    without, found = predictor.predict(a_view).record, predictor.predict(a_cluster)
    assert without.calcification_score is not None
    assert found.record.calcification_score > without.calcification_score + 1
    assert found.record.pred_score == max(found.record.pred_score, found.record.calcification_score)
    assert found.record.p_value < without.p_value
    assert found.record.limitation is None
    finding = found.record.findings[0]
    assert finding.calcifications
    assert np.hypot(*np.subtract(finding.peak_location, a_place[::-1])) * FINE < 10
    assert "calcifications suspected" in describe_finding(finding, found.record)


def test_without_fine_normals_a_result_is_that_of_the_model_alone(a_model, a_calibration, fine_phantoms, a_cluster):
    plain = calibrated(a_model, fine_phantoms, with_branch=False)
    alone = Predictor(replace(a_model, calcifications=None), plain).predict(a_cluster)
    off = Predictor(a_model, plain).predict(a_cluster)
    assert off.record.calcification_score is None
    assert off.record.limitation.startswith("Calcifications are looked for only after calibration on your own normal")
    assert off.record == alone.record.model_copy(update={"limitation": off.record.limitation})
    assert np.array_equal(off.anomaly_map, alone.anomaly_map)
    assert a_calibration.calcifications is not None


@pytest.mark.parametrize("spacing", [0.4, None])
def test_a_coarse_image_is_scored_by_the_model_alone_and_says_so(a_model, a_calibration, a_cluster, spacing):
    size = PixelSpacing(spacing, spacing, SpacingSource.TABLE) if spacing else None
    header = replace(a_cluster.header, spacing=size)
    record = Predictor(a_model, a_calibration).predict(Mammogram(header, a_cluster.pixels)).record
    assert record.calcification_score is None
    assert record.limitation.startswith("Calcifications were not looked for: the image's pixels are larger than 0.3 mm")
    assert (QualityFlag.COARSE_PIXELS in record.quality_flags) is (spacing is not None)


def test_calibration_images_have_the_higher_score_and_peak_by_the_other_patients(a_model, a_calibration, fine_phantoms):
    patient = fine_phantoms.patients[0]
    others = calibrated(a_model, fine_phantoms.where(lambda case: case.patient_id != patient))
    predictor = Predictor(a_model, others)
    own = fine_phantoms.where(lambda case: case.patient_id == patient)
    for image, case in zip(a_calibration.images, own.cases, strict=False):
        analysis = predictor.analyse(read_mammogram(case.path, case.attributes))
        assert image.pred_score == pytest.approx(analysis.score.pred_score)
        assert image.map_peak == pytest.approx(analysis.detection.grid.map_peak)
    assert any(image.map_peak > image.calcifications.map_peak for image in a_calibration.images)


def test_one_coarse_normal_image_or_too_few_patients_keep_the_branch_out(a_model, a_calibration, fine_phantoms):
    first, *rest = a_calibration.images
    for images in ((first.model_copy(update={"calcifications": None}), *rest), a_calibration.images[:-4]):
        assert replace_images(a_calibration, images).calcifications is None
    coarse = replace(fine_phantoms.cases[0].attributes, spacing=PixelSpacing(0.5, 0.5, SpacingSource.TABLE))
    cases = (replace(fine_phantoms.cases[0], attributes=coarse), *fine_phantoms.cases[1:])
    mixed = calibrated(a_model, replace(fine_phantoms, cases=cases))
    assert mixed.calcifications is None
    plain = calibrated(a_model, replace(fine_phantoms, cases=cases), with_branch=False)
    assert [image.pred_score for image in mixed.images] == [image.pred_score for image in plain.images]
    assert mixed.levels() == plain.levels()


def replace_images(calibration: Calibration, images: tuple) -> Calibration:
    return Calibration(images, calibration.exams, calibration.config, calibration.fusion)


def test_the_calibration_is_read_again_as_it_was_written(a_calibration, tmp_path):
    a_calibration.save(tmp_path / "calibration.json")
    again = Calibration.load(tmp_path / "calibration.json", a_calibration.config, a_calibration.fusion)
    assert again.images == a_calibration.images
    assert again.calibration_id == a_calibration.calibration_id


def test_a_changed_file_of_the_branch_is_refused(tmp_path):
    shutil.copytree(pretrained_directory(), tmp_path / "model")
    weights = tmp_path / "model" / "calcifications" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match="calcifications/model.safetensors: is damaged or was changed"):
        load_model(tmp_path / "model")


class Hungry(nn.Module):
    """Has too little memory for an image of more rows than these, except on the processor."""

    def __init__(self, network: nn.Module, rows: int) -> None:
        super().__init__()
        self.network, self.rows = network, rows

    def forward(self, *given: torch.Tensor) -> Any:
        if given[0].device.type != "cpu" and given[0].shape[-2] > self.rows:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return self.network(*given)


def with_little_memory(model: TrainedModel, calibration: Calibration, *, network: int, branch: int) -> Predictor:
    """The model on a device whose memory holds this many rows of the network's and of the branch's input."""
    assert model.calcifications is not None
    hungry = replace(
        model,
        network=Hungry(model.network, network),
        calcifications=replace(model.calcifications, network=Hungry(model.calcifications.network, branch)),
    )
    return Predictor(hungry, calibration, device=Device(PLACE))


@pytest.mark.parametrize("network", [0, 10_000])
def test_an_image_that_the_device_has_no_memory_for_has_the_same_result_and_says_so(
    a_model, a_calibration, a_cluster, network
):
    exact = Predictor(a_model, a_calibration).predict(a_cluster)
    with SecondDevice():
        found = with_little_memory(a_model, a_calibration, network=network, branch=0).predict(a_cluster)
    assert found.record.quality_flags == [*exact.record.quality_flags, QualityFlag.MEMORY_EXHAUSTED]
    assert found.record.pred_score == exact.record.pred_score
    assert np.array_equal(found.anomaly_map, exact.anomaly_map)


def test_the_branch_sees_the_same_in_parts(a_model, a_calibration, a_cluster, caplog):
    exact = Predictor(a_model, a_calibration).predict(a_cluster)
    with SecondDevice():
        found = with_little_memory(a_model, a_calibration, network=10_000, branch=400).predict(a_cluster)
    assert "memory is exhausted" in caplog.text
    assert found.record.quality_flags == exact.record.quality_flags
    assert found.record.pred_score == pytest.approx(exact.record.pred_score, abs=1e-4)
    np.testing.assert_allclose(found.anomaly_map, exact.anomaly_map, atol=1e-5)
