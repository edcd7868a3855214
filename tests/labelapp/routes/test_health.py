import shutil

import pytest
from starlette.testclient import TestClient

from mammolens.labelapp.serving import ServingModel


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_needs_no_token_and_has_no_facts(a_guarded_client: TestClient, path: str) -> None:
    answer = a_guarded_client.get(path)
    assert answer.status_code == 200
    assert answer.text in ("up", "ready")


def test_a_server_without_a_model_is_up_but_not_ready(a_serving: ServingModel, a_client: TestClient) -> None:
    shutil.rmtree(a_serving.store.serving())
    assert a_client.get("/healthz").status_code == 200
    assert a_client.get("/readyz").status_code == 503
