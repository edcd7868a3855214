from pathlib import Path

from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.serving import ServingModel
from mammolens.labelapp.tasks.scoring import AnomalyScoring
from mammolens.models.store import ModelStore

from ..conftest import MakeModel


def test_every_image_gets_score_p_value_and_model(a_folder_datastore: MammogramFolder, a_serving: ServingModel) -> None:
    result = AnomalyScoring(a_serving)({}, a_folder_datastore)
    assert result == {"model": a_serving.predictor().model_id, "scored": 8, "kept": 0, "failed": {}}
    for image_id in a_folder_datastore.list_images():
        info = a_folder_datastore.get_image_info(image_id)
        assert info["raw_score"] > 0
        assert isinstance(info["pred_score"], float)
        assert 0 < info["p_value"] <= 1
        assert info["model"] == result["model"]


def test_what_was_scored_is_kept_until_somebody_asks_or_the_model_changes(
    a_folder_datastore: MammogramFolder, a_serving: ServingModel, make_model: MakeModel
) -> None:
    scoring = AnomalyScoring(a_serving)
    scoring({}, a_folder_datastore)
    assert scoring({}, a_folder_datastore)["kept"] == 8
    assert scoring({"again": True}, a_folder_datastore)["scored"] == 8
    assert isinstance(a_serving.store, ModelStore)
    a_serving.store.publish(make_model(seed=1))
    assert scoring({}, a_folder_datastore)["scored"] == 8


def test_a_bad_image_is_skipped_with_its_reason(
    a_folder_datastore: MammogramFolder, a_serving: ServingModel, a_studies_folder: Path
) -> None:
    (a_studies_folder / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 40)
    result = AnomalyScoring(a_serving)({}, a_folder_datastore)
    assert result["scored"] == 8
    assert "broken.dcm" in result["failed"]["broken.dcm"]
    assert a_folder_datastore.get_image_info("broken.dcm")["score_error"] == result["failed"]["broken.dcm"]
    assert AnomalyScoring(a_serving)({}, a_folder_datastore)["kept"] == 9
