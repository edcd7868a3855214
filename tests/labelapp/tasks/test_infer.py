import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from mammolens.errors import InputError, RequestError
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.tasks.infer import MammogramInfer
from mammolens.labelapp.tasks.serving import Serving
from mammolens.models.store import ModelStore
from mammolens.types import AnomalyRecord

from ..conftest import MakeModel


@pytest.fixture
def an_infer_task(a_serving: Serving, a_folder_datastore: MammogramFolder) -> MammogramInfer:
    return MammogramInfer(a_serving, a_folder_datastore)


@pytest.fixture
def a_request(a_folder_datastore: MammogramFolder) -> dict[str, Any]:
    image_id = a_folder_datastore.list_images()[0]
    return {"image": a_folder_datastore.get_image_uri(image_id), "image_id": image_id}


@pytest.mark.parametrize(("output_map", "dtype"), [("levels", np.uint8), ("float", np.float32)])
@pytest.mark.parametrize("extension", [".nrrd", ".nii.gz"])
def test_the_map_lies_exactly_over_the_image(
    an_infer_task: MammogramInfer, a_request: dict[str, Any], output_map: str, dtype: Any, extension: str
) -> None:
    file, _ = an_infer_task({**a_request, "output_map": output_map, "result_extension": extension})
    made, image = sitk.ReadImage(file), sitk.ReadImage(a_request["image"])
    Path(file).unlink()
    assert file.endswith(extension)
    assert sitk.GetArrayFromImage(made).dtype == dtype
    assert made.GetSize() == image.GetSize()
    assert made.GetSpacing() == pytest.approx(image.GetSpacing(), abs=1e-6)
    assert made.GetOrigin() == pytest.approx(image.GetOrigin(), abs=1e-6)
    assert made.GetDirection() == pytest.approx(image.GetDirection(), abs=1e-6)


def test_the_record_is_complete_and_names_the_levels(an_infer_task: MammogramInfer, a_request: dict[str, Any]) -> None:
    file, params = an_infer_task(a_request)
    Path(file).unlink()
    assert params.pop("label_names") == {"low": 1, "moderate": 2, "high": 3}
    assert params.pop("latencies").keys() == {"pre", "siblings", "infer", "write", "total"}
    assert AnomalyRecord.model_validate(params).model == an_infer_task.info()["model"]


def test_the_exam_score_takes_the_other_views_into_account(
    an_infer_task: MammogramInfer, a_request: dict[str, Any]
) -> None:
    file, whole = an_infer_task(a_request)
    Path(file).unlink()
    file, alone = an_infer_task({**a_request, "exam_scores": False})
    Path(file).unlink()
    assert alone["exam_score"] == pytest.approx(alone["pred_score"])
    assert whole["exam_score"] != pytest.approx(whole["pred_score"])
    assert whole["pred_score"] == pytest.approx(alone["pred_score"])


def test_the_score_is_kept_with_the_image_and_its_siblings(
    an_infer_task: MammogramInfer, a_request: dict[str, Any], a_folder_datastore: MammogramFolder
) -> None:
    file, params = an_infer_task(a_request)
    Path(file).unlink()
    info = a_folder_datastore.get_image_info(a_request["image_id"])
    assert info["pred_score"] == params["pred_score"]
    assert info["model"] == params["model"]
    assert a_folder_datastore.status()["scored"] == 4


def test_the_next_request_is_answered_by_a_newly_published_model(
    an_infer_task: MammogramInfer, a_request: dict[str, Any], a_serving: Serving, make_model: MakeModel
) -> None:
    file, before = an_infer_task(a_request)
    Path(file).unlink()
    assert isinstance(a_serving.store, ModelStore)
    a_serving.store.publish(make_model(seed=1))
    file, after = an_infer_task(a_request)
    Path(file).unlink()
    assert after["model"] != before["model"]


def test_an_image_that_cannot_be_read_is_refused_and_the_reason_kept(
    an_infer_task: MammogramInfer, a_request: dict[str, Any], a_folder_datastore: MammogramFolder
) -> None:
    path = Path(a_request["image"])
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError):
        an_infer_task(a_request)
    assert a_folder_datastore.get_image_info(a_request["image_id"])["score_error"]


def test_an_unknown_kind_of_map_is_refused(an_infer_task: MammogramInfer, a_request: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match="output_map"):
        an_infer_task({**a_request, "output_map": "rainbow"})


def test_without_a_model_the_task_is_not_valid(tmp_path: Path, a_folder_datastore: MammogramFolder) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "serving").write_text("gone")
    assert not MammogramInfer(Serving(ModelStore(tmp_path / "empty")), a_folder_datastore).is_valid()


def test_findings_and_flags_are_plain_json(an_infer_task: MammogramInfer, a_request: dict[str, Any]) -> None:
    file, params = an_infer_task(a_request)
    Path(file).unlink()
    told = json.loads(json.dumps(params))
    assert {"findings", "findings_left_out", "quality_flags", "unusual_statistic"} <= told.keys()
    assert all(isinstance(vertex, list) for finding in told["findings"] for vertex in finding["contour"])
