import shutil

import pytest
from starlette.testclient import TestClient

from mammolens.errors import ModelError
from mammolens.labelapp.app import MammoLensApp
from mammolens.labelapp.serving import ServingModel


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_needs_no_token_and_has_no_facts(a_guarded_client: TestClient, path: str) -> None:
    answer = a_guarded_client.get(path)
    assert answer.status_code == 200
    assert answer.text in ("up", "ready")


def test_a_server_without_a_model_is_up_but_not_ready(
    an_app: MammoLensApp, a_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_loads(_: ServingModel) -> None:
        raise ModelError("model", "cannot be loaded", "restore it")

    monkeypatch.setattr(ServingModel, "predictor", none_loads)
    assert a_client.get("/healthz").status_code == 200
    assert a_client.get("/readyz").status_code == 503


def test_a_server_whose_model_is_gone_is_ready_with_the_last_good_one(
    a_serving: ServingModel, a_client: TestClient
) -> None:
    version = a_serving.store.serving_version()
    shutil.rmtree(a_serving.store.serving())
    assert a_client.get("/readyz").status_code == 200
    assert a_client.get("/info/").json()["model_refused"].startswith(f"Model {version} is refused")
