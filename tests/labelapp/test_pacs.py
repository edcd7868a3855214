import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mammolens.errors import PacsError, UnknownImageError
from mammolens.labelapp.pacs import Instance, Pacs, open_client

_INSTANCE = Instance("1.2.3", "1.2", "1")
_ANSWER = b"""[{"0020000D": {"vr": "UI", "Value": ["1"]}, "0020000E": {"vr": "UI", "Value": ["1.2"]},
 "00080018": {"vr": "UI", "Value": ["1.2.3"]}, "00100020": {"vr": "LO", "Value": ["P1"]}},
 {"0020000D": {"vr": "UI", "Value": ["1"]}, "0020000E": {"vr": "UI", "Value": ["1.2"]},
 "00080018": {"vr": "UI", "Value": ["../../x"]}}]"""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = self.server.answer  # type: ignore[attr-defined]
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("Content-Type", "application/dicom+json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class HttpStandIn(ThreadingHTTPServer):
    """Answers every request alike."""

    answer = (200, _ANSWER)

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def a_web_server() -> Iterator[HttpStandIn]:
    with HttpStandIn() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_mammograms_are_searched_for_and_those_with_impossible_uids_left_out(a_web_server: HttpStandIn) -> None:
    found = Pacs(open_client(a_web_server.url), {"Modality": "MG"}).instances()
    assert [instance.sop_instance_uid for instance in found] == ["1.2.3"]
    assert found[0].attributes == {"PatientID": "P1"}
    assert "/instances?" in a_web_server.asked[0]
    assert "Modality=MG" in a_web_server.asked[0]


@pytest.mark.parametrize(
    ("status", "hint"), [(401, "user and password"), (500, "log of the PACS"), (503, "answers 503")]
)
def test_an_error_of_the_pacs_is_told_with_its_status_and_not_tried_again(
    a_web_server: HttpStandIn, status: int, hint: str
) -> None:
    a_web_server.answer = (status, b"")
    with pytest.raises(PacsError, match=hint):
        Pacs(open_client(a_web_server.url), {}).instances()
    assert len(a_web_server.asked) == 1


def test_an_instance_that_is_gone_is_unknown(a_web_server: HttpStandIn, tmp_path: Path) -> None:
    a_web_server.answer = (404, b"")
    with pytest.raises(UnknownImageError, match="no such instance"):
        Pacs(open_client(a_web_server.url), {}).fetch(_INSTANCE, tmp_path / "x.dcm")
    assert not list(tmp_path.iterdir())


def test_a_pacs_that_is_down_is_named() -> None:
    with pytest.raises(PacsError, match=r"127\.0\.0\.1:9.*does not answer \(ConnectionError\); start it"):
        Pacs(open_client("http://127.0.0.1:9"), {}).instances()
