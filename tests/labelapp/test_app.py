import logging
import shutil
from pathlib import Path
from typing import Any

import pytest
from monailabel.utils.others.class_utils import get_class_of_subclass_from_file

from mammolens.errors import ConfigError, RequestError
from mammolens.labelapp.app import MammoLensApp
from mammolens.labelapp.datastore.dicomweb import MammogramDicomWeb
from mammolens.labelapp.serving import ServingModel

REPOSITORY = Path(__file__).parents[2]


def test_monai_label_finds_the_app_in_monai_app() -> None:
    found: Any = get_class_of_subclass_from_file("main", str(REPOSITORY / "monai_app" / "main.py"), "MONAILabelApp")
    assert found is MammoLensApp


def test_models_are_kept_in_the_apps_folder_unless_told_otherwise(a_studies_folder: Path, tmp_path: Path) -> None:
    app = MammoLensApp(str(tmp_path), str(a_studies_folder), None)
    assert app._serving.store.root == tmp_path / "model"


def test_the_ledger_lies_beside_the_images_unless_told_otherwise(a_studies_folder: Path, tmp_path: Path) -> None:
    app = MammoLensApp(str(tmp_path), str(a_studies_folder), None)
    assert app.ledger.name == str(app.datastore().place / "decisions.sqlite")
    said = MammoLensApp(str(tmp_path), str(a_studies_folder), {"ledger": str(tmp_path / "said.sqlite")})
    assert said.ledger.name == str(tmp_path / "said.sqlite")


@pytest.mark.slow
def test_a_dicomweb_address_is_opened_without_asking_or_downloading_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    app = MammoLensApp(str(tmp_path), "http://127.0.0.1:9/dicom-web/", None)
    assert isinstance(app.datastore(), MammogramDicomWeb)
    assert app.datastore().name() == "http://127.0.0.1:9/dicom-web"
    info = app.info()
    assert "does not answer" in info["datastore"]["error"]
    assert info["drift"] is None
    assert not (tmp_path / "bin").exists()


def test_the_log_has_neither_ids_of_images_nor_each_module_that_highdicom_copies(
    a_studies_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copy(next(a_studies_folder.rglob("*.dcm")), a_studies_folder / "DOE_JANE")
    app = MammoLensApp(str(tmp_path), str(a_studies_folder), None)
    assert "DOE_JANE" in app.datastore().list_images()
    logging.getLogger("mammolens").warning("DOE_JANE: is damaged")
    assert "is damaged" in caplog.text
    assert "DOE_JANE" not in caplog.text
    assert not logging.getLogger("highdicom.base").isEnabledFor(logging.INFO)


def test_a_setting_that_cannot_be_used_stops_the_start(a_studies_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--conf drift_window: '7' is not a number of patients"):
        MammoLensApp(str(tmp_path), str(a_studies_folder), {"drift_window": "7"})


@pytest.mark.parametrize(
    "request_", [{}, {"model": "nobody"}, {"model": "mammolens"}, {"model": "mammolens", "image": ""}]
)
def test_an_incomplete_request_is_refused(an_app: MammoLensApp, request_: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        an_app.infer(request_)


def test_a_path_is_taken_from_our_own_code_only_never_as_text(an_app: MammoLensApp, a_studies_folder: Path) -> None:
    path = next(a_studies_folder.rglob("*.dcm"))
    with pytest.raises(RequestError, match="is not an image id"):
        an_app.infer({"model": "mammolens", "image": str(path)})
    result = an_app.infer({"model": "mammolens", "image": path})
    Path(result["file"]).unlink()
    assert an_app.datastore().status()["scored"] == 0


def test_a_background_process_ends_with_one_line_and_the_server_with_the_error(
    an_app: MammoLensApp, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = {"method": "anomaly", "again": "maybe"}
    with pytest.raises(RequestError):
        an_app.scoring(wrong)
    an_app.server_mode(False)
    with pytest.raises(SystemExit):
        an_app.scoring(wrong)
    assert caplog.messages[-1].startswith("failed: again")


def test_the_runtime_of_the_settings_runs_the_network(
    tmp_path: Path, a_studies_folder: Path, a_serving: ServingModel
) -> None:
    pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")
    conf = {"model_dir": str(a_serving.store.root), "runtime": "onnxruntime"}
    app = MammoLensApp(str(tmp_path / "app"), str(a_studies_folder), conf)
    served = app._serving.predictor()
    assert served.runtimes == ("onnxruntime",)
    assert served.model_id == a_serving.predictor().model_id
