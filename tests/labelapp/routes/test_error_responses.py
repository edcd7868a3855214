import errno
from pathlib import Path

import pytest
from fastapi import FastAPI
from monailabel.config import settings
from monailabel.interfaces.exception import MONAILabelError, MONAILabelException
from starlette.testclient import TestClient

from mammolens import errors
from mammolens.labelapp.routes.error_responses import add_error_responses, without_folders

_RAISED: dict[str, tuple[Exception, int]] = {
    "input": (errors.PixelDataError("x.dcm", "damaged", "export again"), 422),
    "unknown": (errors.UnknownImageError("x.dcm", "no such image", "list them"), 404),
    "request": (errors.RequestError("tag", "is not a tag", "use letters"), 400),
    "dataset": (errors.DatasetError("normals", "too few", "add more"), 409),
    "model": (errors.ModelError("models", "gone", "restore"), 503),
    "pacs": (errors.PacsError("http://pacs", "down", "start it"), 503),
    "monai": (MONAILabelException(MONAILabelError.INVALID_INPUT, "no such thing"), 400),
    "slow": (TimeoutError(), 504),
    "read-only": (OSError(errno.EROFS, "Read-only file system", "/srv/secret"), 507),
    "forbidden": (PermissionError(errno.EACCES, "Permission denied", "/srv/secret"), 507),
    "io": (OSError(errno.EIO, "Input/output error", "/srv/secret"), 500),
    "bug": (ZeroDivisionError("secret detail"), 500),
}


@pytest.fixture(scope="module")
def a_client_of_a_failing_app() -> TestClient:
    app = FastAPI()
    add_error_responses(app)

    @app.get("/{kind}")
    def fail(kind: str, number: int = 0) -> None:
        raise _RAISED[kind][0]

    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize("kind", _RAISED)
def test_every_error_is_one_line_of_json_with_its_status(a_client_of_a_failing_app: TestClient, kind: str) -> None:
    error, status = _RAISED[kind]
    answer = a_client_of_a_failing_app.get(f"/{kind}")
    assert answer.status_code == status
    [detail] = answer.json().values()
    assert "\n" not in detail
    if isinstance(error, errors.MammoLensError):
        assert detail == str(error)


@pytest.mark.parametrize("kind", ["read-only", "forbidden", "io"])
def test_no_path_of_the_server_is_told(a_client_of_a_failing_app: TestClient, kind: str) -> None:
    assert "secret" not in a_client_of_a_failing_app.get(f"/{kind}").text


def test_messages_name_files_without_the_servers_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "MONAI_LABEL_STUDIES", "/srv/studies")
    monkeypatch.setattr(settings, "MONAI_LABEL_APP_DIR", "/srv/app")
    assert without_folders("/srv/studies/a/b.dcm: is damaged") == "a/b.dcm: is damaged"
    assert without_folders(f"{Path.home()}/x: gone; restore it from /srv/app/model") == "x: gone; restore it from model"
    for same in ("ask PUT /datastore/label", "http://srv/studies/x is down", "/srv/studies2/x", "see /info/"):
        assert without_folders(same) == same


def test_an_unexpected_error_tells_nothing_of_the_inside(a_client_of_a_failing_app: TestClient) -> None:
    assert "secret" not in a_client_of_a_failing_app.get("/bug").text
    assert "Traceback" not in a_client_of_a_failing_app.get("/bug").text


def test_a_parameter_of_the_wrong_type_is_named_in_one_line(a_client_of_a_failing_app: TestClient) -> None:
    answer = a_client_of_a_failing_app.get("/bug?number=many")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("query.number: ")
