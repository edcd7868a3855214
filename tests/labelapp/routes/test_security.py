from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from mammolens.labelapp.routes.security import Gatekeeper


async def _nobody(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError("not asked here")


def a_request(path: str = "/info/", method: str = "GET", client: str = "127.0.0.1", **headers: str) -> Scope:
    """A request of this machine, unless told otherwise; of the raw path, percent-encoded."""
    given = {"host": "127.0.0.1:8000", **headers}
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "client": (client, 50000) if client else None,
        "headers": [(name.encode(), value.encode()) for name, value in given.items() if value],
    }


def status(scope: Scope, **options: Any) -> int:
    """What the gatekeeper answers; 200 where it lets pass."""
    refusal = Gatekeeper(_nobody, **{"authenticated": False, **options}).refusal(scope)
    return refusal.status if refusal else 200


@pytest.mark.parametrize(
    "path",
    [
        "/proxy/dicom/wado/../system",
        "/proxy/dicom/wado/%2e%2e/system",
        "/proxy/dicom/wado/%2E./system",
        "/proxy/dicom/wado/%252e%252e/system",
        "/proxy/dicom/wado/..%2fsystem",
        "/proxy/dicom/wado/..%5csystem",
        "/ohif/..",
        "/x%00y",
        "/x%0d%0ay",
    ],
)
def test_paths_that_climb_are_refused_however_they_are_written(path: str) -> None:
    assert status(a_request(path)) == 400
    assert status(a_request(path), authenticated=True) == 400


@pytest.mark.parametrize(
    "path", ["/info/", "/ohif/app..js", "/a%20b", "/datastore/image?image=..", "/proxy/dicom/studies/1.2.3"]
)
def test_other_paths_pass(path: str) -> None:
    assert status(a_request(path.partition("?")[0])) == 200


@pytest.mark.parametrize("client", ["10.0.0.7", "172.17.0.1", "::ffff:10.0.0.7", "fe80::1", "", "unknown"])
def test_without_authentication_other_machines_are_told_how_to_get_in(client: str) -> None:
    refusal = Gatekeeper(_nobody, authenticated=False).refusal(a_request(client=client))
    assert refusal is not None
    assert refusal.status == 403
    assert "MONAI_LABEL_AUTH_ENABLE=true" in refusal.detail
    assert status(a_request(client=client), authenticated=True) == 200


@pytest.mark.parametrize("client", ["127.0.0.1", "127.3.2.1", "::1"])
def test_this_machine_is_answered(client: str) -> None:
    assert status(a_request(client=client)) == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "192.168.1.5:8000", "", "[::1", "127.0.0.1.evil.example"]
)
def test_a_name_that_was_made_to_resolve_to_this_machine_does_not_help(host: str) -> None:
    assert status(a_request(host=host)) == 403


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:9", "[::1]:8000"])
def test_this_machines_own_names_are_known(host: str) -> None:
    assert status(a_request(host=host)) == 200


def test_other_web_pages_may_not_change_anything_unless_configured() -> None:
    foreign = a_request("/train/mammolens", "POST", origin="http://evil.example")
    assert status(foreign) == 403
    assert status(foreign, authenticated=True) == 403
    assert status(foreign, origins=["http://evil.example"]) == 200
    assert status(a_request("/train/mammolens", "POST", origin="http://127.0.0.1:8000")) == 200
    assert status(a_request("/train/mammolens", "POST", origin="null")) == 403
    assert status(a_request("/info/", origin="http://evil.example")) == 200


FORWARDING = ["x-real-ip", "x-forwarded-for", "x-forwarded-host", "forwarded", "via", "true-client-ip"]


@pytest.mark.parametrize("header", FORWARDING)
def test_what_a_proxy_of_this_machine_hands_on_is_refused_without_authentication(header: str) -> None:
    request = a_request(**{header: "10.0.0.7"})
    refusal = Gatekeeper(_nobody, authenticated=False).refusal(request)
    assert refusal is not None
    assert refusal.status == 403
    assert header in refusal.detail
    assert status(request, authenticated=True) == 200


def test_a_listed_proxy_is_believed_what_uvicorn_reads() -> None:
    forwarded = {"x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https"}
    assert status(a_request(**forwarded), behind_proxy=True) == 200
    assert status(a_request(client="10.0.0.7", **forwarded), behind_proxy=True) == 403
    assert status(a_request(**{"x-real-ip": "10.0.0.7"}), behind_proxy=True) == 403
