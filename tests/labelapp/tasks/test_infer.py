import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from mammolens.errors import InputError, ModelError
from mammolens.inference.predictor import Predictor
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.exams.exam import Exams
from mammolens.labelapp.exams.image_scores import SiblingScores
from mammolens.labelapp.parameters import InferParameters
from mammolens.labelapp.serving import ServingModel
from mammolens.labelapp.tasks.infer import MammogramInfer
from mammolens.models.store import ModelStore
from mammolens.types import AnomalyRecord

from ..conftest import MakeModel


@pytest.fixture
def an_infer_task(a_serving: ServingModel, a_folder_datastore: MammogramFolder) -> MammogramInfer:
    return MammogramInfer(a_serving, a_folder_datastore, SiblingScores(Exams(a_folder_datastore), a_folder_datastore))


@pytest.fixture
def an_image(a_folder_datastore: MammogramFolder) -> tuple[Path, str]:
    """Its file and its id."""
    image_id = a_folder_datastore.list_images()[0]
    return Path(a_folder_datastore.get_image_uri(image_id)), image_id


@pytest.mark.parametrize(("output_map", "dtype"), [("levels", np.uint8), ("float", np.float32)])
@pytest.mark.parametrize("extension", [".nrrd", ".nii.gz"])
def test_the_map_lies_exactly_over_the_image(
    an_infer_task: MammogramInfer, an_image: tuple[Path, str], output_map: str, dtype: Any, extension: str
) -> None:
    file, _ = an_infer_task(*an_image, InferParameters(output_map=output_map, result_extension=extension))
    made, image = sitk.ReadImage(file), sitk.ReadImage(an_image[0])
    Path(file).unlink()
    assert file.endswith(extension)
    assert sitk.GetArrayFromImage(made).dtype == dtype
    assert made.GetSize() == image.GetSize()
    assert made.GetSpacing() == pytest.approx(image.GetSpacing(), abs=1e-6)
    assert made.GetOrigin() == pytest.approx(image.GetOrigin(), abs=1e-6)
    assert made.GetDirection() == pytest.approx(image.GetDirection(), abs=1e-6)


def test_the_record_is_complete_and_names_the_levels(an_infer_task: MammogramInfer, an_image: tuple[Path, str]) -> None:
    file, params = an_infer_task(*an_image, InferParameters())
    Path(file).unlink()
    assert params.pop("label_names") == {"low": 1, "moderate": 2, "high": 3}
    assert params.pop("latencies").keys() == {"pre", "siblings", "infer", "write", "total"}
    assert AnomalyRecord.model_validate(params).model == an_infer_task.info()["model"]


def test_the_exam_score_takes_the_other_views_into_account(
    an_infer_task: MammogramInfer, an_image: tuple[Path, str]
) -> None:
    file, whole = an_infer_task(*an_image, InferParameters())
    Path(file).unlink()
    file, alone = an_infer_task(*an_image, InferParameters(exam_scores=False))
    Path(file).unlink()
    assert alone["exam_score"] == pytest.approx(alone["pred_score"])
    assert whole["exam_score"] != pytest.approx(whole["pred_score"])
    assert whole["pred_score"] == pytest.approx(alone["pred_score"])


def test_the_score_is_kept_with_the_image_and_its_siblings(
    an_infer_task: MammogramInfer, an_image: tuple[Path, str], a_folder_datastore: MammogramFolder
) -> None:
    file, params = an_infer_task(*an_image, InferParameters())
    Path(file).unlink()
    info = a_folder_datastore.get_image_info(an_image[1])
    assert info["pred_score"] == params["pred_score"]
    assert info["model"] == params["model"]
    assert a_folder_datastore.status()["scored"] == 4


def test_the_next_request_is_answered_by_a_newly_published_model(
    an_infer_task: MammogramInfer, an_image: tuple[Path, str], a_serving: ServingModel, make_model: MakeModel
) -> None:
    file, before = an_infer_task(*an_image, InferParameters())
    Path(file).unlink()
    assert isinstance(a_serving.store, ModelStore)
    a_serving.store.publish(make_model(seed=1))
    file, after = an_infer_task(*an_image, InferParameters())
    Path(file).unlink()
    assert after["model"] != before["model"]


def test_an_image_that_cannot_be_read_is_refused_and_the_reason_kept(
    an_infer_task: MammogramInfer, an_image: tuple[Path, str], a_folder_datastore: MammogramFolder
) -> None:
    path = an_image[0]
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError):
        an_infer_task(*an_image, InferParameters())
    assert a_folder_datastore.get_image_info(an_image[1])["score_error"]


def test_without_a_model_the_task_is_not_valid(tmp_path: Path, a_folder_datastore: MammogramFolder) -> None:
    def fail(directory: Path) -> Predictor:
        raise ModelError(directory, "cannot be loaded", "restore it")

    siblings = SiblingScores(Exams(a_folder_datastore), a_folder_datastore)
    assert not MammogramInfer(ServingModel(ModelStore(tmp_path), fail), a_folder_datastore, siblings).is_valid()


def test_findings_and_flags_are_plain_json(an_infer_task: MammogramInfer, an_image: tuple[Path, str]) -> None:
    file, params = an_infer_task(*an_image, InferParameters())
    Path(file).unlink()
    told = json.loads(json.dumps(params))
    assert {"findings", "findings_left_out", "quality_flags", "outlying_statistic"} <= told.keys()
    assert all(isinstance(vertex, list) for finding in told["findings"] for vertex in finding["contour"])
