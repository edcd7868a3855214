import pytest
from fastapi import FastAPI
from monailabel.interfaces.exception import MONAILabelError, MONAILabelException
from starlette.testclient import TestClient

from mammolens import errors
from mammolens.labelapp.routes.error_responses import add_error_responses

_RAISED: dict[str, tuple[Exception, int]] = {
    "input": (errors.PixelDataError("x.dcm", "damaged", "export again"), 422),
    "unknown": (errors.UnknownImageError("x.dcm", "no such image", "list them"), 404),
    "request": (errors.RequestError("tag", "is no tag", "use letters"), 400),
    "dataset": (errors.DatasetError("normals", "too few", "add more"), 409),
    "model": (errors.ModelError("models", "gone", "restore"), 503),
    "pacs": (errors.PacsError("http://pacs", "down", "start it"), 503),
    "monai": (MONAILabelException(MONAILabelError.INVALID_INPUT, "no such thing"), 400),
    "slow": (TimeoutError(), 504),
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


def test_an_unexpected_error_tells_nothing_of_the_inside(a_client_of_a_failing_app: TestClient) -> None:
    assert "secret" not in a_client_of_a_failing_app.get("/bug").text
    assert "Traceback" not in a_client_of_a_failing_app.get("/bug").text


def test_a_parameter_of_the_wrong_type_is_named_in_one_line(a_client_of_a_failing_app: TestClient) -> None:
    answer = a_client_of_a_failing_app.get("/bug?number=many")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("query.number: ")
