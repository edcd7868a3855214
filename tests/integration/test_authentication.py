"""The server with authentication enabled, against a realm that hands out RSA-signed tokens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mammolens.datasets.phantom_dataset import write_phantom_dataset

from .conftest import TASK, Server, StartServer
from .realm import Realm, running_realm

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def a_realm() -> Iterator[Realm]:
    with running_realm() as realm:
        yield realm


@pytest.fixture(scope="module")
def a_guarded_server(start_server: StartServer, a_realm: Realm, tmp_path_factory: pytest.TempPathFactory) -> Server:
    studies: Path = tmp_path_factory.mktemp("studies")
    write_phantom_dataset(studies, normals=1, rows=160, columns=128, spacing=(1.6, 1.6))
    return start_server(studies, MONAI_LABEL_AUTH_ENABLE="true", MONAI_LABEL_AUTH_REALM_URI=a_realm.url)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/info/"),
        ("POST", f"/infer/{TASK}?image=x"),
        ("POST", "/reload"),
        ("GET", "/logs/"),
        ("GET", "/mammolens/worklist"),
        ("GET", "/mammolens/images/x.dcm"),
        ("POST", "/mammolens/exams/x/infer"),
    ],
)
def test_without_a_token_nobody_gets_in(a_guarded_server: Server, method: str, path: str) -> None:
    assert a_guarded_server.request(method, path).status_code == 401


def test_a_user_may_look_but_not_train(a_guarded_server: Server, a_realm: Realm) -> None:
    user = a_realm.login("monailabel-user")
    assert a_guarded_server.get("/info/", headers=user).status_code == 200
    assert a_guarded_server.post(f"/infer/{TASK}?image=nobody", headers=user).status_code == 404
    assert a_guarded_server.post(f"/train/{TASK}", headers=user).status_code == 403
    assert a_guarded_server.post("/reload", headers=user).status_code == 403
    assert a_guarded_server.get("/proxy/dicom/studies", headers=user).status_code == 404


def test_a_user_may_analyse_but_neither_decide_nor_send(a_guarded_server: Server, a_realm: Realm) -> None:
    user, annotator = a_realm.login("monailabel-user"), a_realm.login("monailabel-annotator", "monailabel-user")
    (listed,) = a_guarded_server.get("/mammolens/worklist", headers=user).json()["exams"]
    exam = f"/mammolens/exams/{listed['exam']}"
    assert a_guarded_server.post(f"{exam}/infer", headers=user).json()["state"] == "done"
    assert a_guarded_server.post(f"{exam}/infer", headers=user, json={"store": True}).status_code == 403
    assert a_guarded_server.post(f"{exam}/infer", headers=annotator, json={"store": True}).status_code == 400
    assert a_guarded_server.post(f"{exam}/decisions", headers=user, json={"verdict": "normal"}).status_code == 403
    assert a_guarded_server.post(f"{exam}/decisions/undo", headers=user).status_code == 403
    decided = a_guarded_server.post(
        f"{exam}/decisions", headers=annotator, json={"verdict": "normal", "second_confirmation": True}
    ).json()
    assert decided["reviewer"] not in ("", "admin")


def test_a_user_may_read_and_audit_the_ledger_and_only_an_admin_fill_it(
    a_guarded_server: Server, a_realm: Realm
) -> None:
    user = a_realm.login("monailabel-user")
    annotator = a_realm.login("monailabel-annotator", "monailabel-user")
    admin = a_realm.login("monailabel-admin", "monailabel-user")
    ledger = "/mammolens/decisions"
    for path in ("", "/audit", "/export?format=jsonl"):
        assert a_guarded_server.get(f"{ledger}{path}").status_code == 401
        assert a_guarded_server.get(f"{ledger}{path}", headers=user).status_code == 200
    lines = a_guarded_server.get(f"{ledger}/export?format=jsonl", headers=user).content
    for login, status in ((user, 403), (annotator, 403), (admin, 200)):
        answer = a_guarded_server.post(f"{ledger}/import", headers=login, files={"file": ("x.jsonl", lines)})
        assert answer.status_code == status


def test_an_admin_may_reload(a_guarded_server: Server, a_realm: Realm) -> None:
    admin = a_realm.login("monailabel-admin", "monailabel-user")
    assert a_guarded_server.post("/reload", headers=admin).status_code == 200
    assert a_guarded_server.get("/info/", headers=admin).status_code == 200
    assert a_guarded_server.get("/logs/", headers=admin).status_code == 200


def test_with_authentication_other_names_of_the_server_are_fine(a_guarded_server: Server, a_realm: Realm) -> None:
    headers = {**a_realm.login("monailabel-user"), "Host": "mammolens.hospital.example"}
    assert a_guarded_server.get("/info/", headers=headers).status_code == 200
