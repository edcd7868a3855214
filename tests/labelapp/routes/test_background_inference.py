from starlette.testclient import TestClient

from mammolens.labelapp.app import MammoLensApp


def test_inference_of_all_new_exams_is_requested_carried_out_and_told(
    a_client: TestClient, an_app: MammoLensApp
) -> None:
    assert a_client.get("/mammolens/inference").json()["active"] is False
    answer = a_client.post("/mammolens/inference")
    assert answer.status_code == 202
    assert answer.json()["requested"]
    while an_app.background_inference.look():
        pass
    answer = a_client.get("/mammolens/inference")
    assert answer.headers["cache-control"] == "no-store"
    assert not answer.json()["active"]
    assert {exam["state"] for exam in a_client.get("/mammolens/worklist").json()["exams"]} == {"done"}


def test_it_is_stopped_in_the_name_of_the_user(a_client: TestClient, an_app: MammoLensApp) -> None:
    a_client.post("/mammolens/inference")
    stopped = a_client.delete("/mammolens/inference").json()
    assert not stopped["active"]
    assert stopped["stopped_by"]
    assert not an_app.background_inference.look()
