import shutil

import monailabel.app
import pytest
from monailabel.config import settings
from starlette.testclient import TestClient

from mammolens.labelapp.routes.http import harden
from mammolens.labelapp.serving import ServingModel


@pytest.fixture
def a_guarded_client(a_client: TestClient, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A client without a token, of a server that wants one."""
    monkeypatch.setattr(settings, "MONAI_LABEL_AUTH_ENABLE", True)
    harden(monailabel.app.app, settings)
    return a_client


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_needs_no_token_and_has_no_facts(a_guarded_client: TestClient, path: str) -> None:
    answer = a_guarded_client.get(path)
    assert answer.status_code == 200
    assert answer.text in ("up", "ready")


def test_a_server_without_a_model_is_up_but_not_ready(a_serving: ServingModel, a_client: TestClient) -> None:
    shutil.rmtree(a_serving.store.serving())
    assert a_client.get("/healthz").status_code == 200
    assert a_client.get("/readyz").status_code == 503
