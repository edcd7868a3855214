"""A small DICOMweb server with the manners and the faults of real ones; tests and the benchmark talk to it."""

from __future__ import annotations

import io
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pydicom

from ...http_server import serving

VIEWS = (("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO"))
JSON = "application/dicom+json"


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class Answer:
    """One answer as it is sent.

    Attributes:
        announced: the Content-Length, if it is to be another than the true one.
        held: the answer is sent when this is set.
    """

    status: int = 200
    body: bytes = b""
    kind: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    announced: int | None = None
    held: threading.Event | None = None


def attribute(vr: str, *values: Any) -> dict[str, Any]:
    return {"vr": vr, "Value": list(values)}


def instance_json(study: str, number: int, *, patient: str = "P", day: str = "20200101") -> dict[str, Any]:
    """A search answer for the view ``number`` of a study."""
    laterality, view = VIEWS[number % 4]
    return {
        "00080016": attribute("UI", "1.2.840.10008.5.1.4.1.1.1.2"),
        "00080018": attribute("UI", f"{study}.9.{number + 1}"),
        "00080020": attribute("DA", day),
        "00080060": attribute("CS", "MG"),
        "00100020": attribute("LO", patient),
        "00185101": attribute("CS", view),
        "0020000D": attribute("UI", study),
        "0020000E": attribute("UI", f"{study}.8"),
        "00200062": attribute("CS", laterality),
    }


@dataclass
class FakePacs:
    """What it holds and how it behaves; a test changes both.

    Args:
        cap: it never gives more answers at once.
        refuses_whole: it searches for instances within a study only.
        knows_offset: otherwise it gives the first answers again and again.
        tells_counts: it gives the Number of Study Related Instances.
        next_answers: given before it does its work.
    """

    url: str = ""
    studies: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    cap: int = 1_000_000
    refuses_whole: bool = False
    knows_offset: bool = True
    tells_counts: bool = True
    next_answers: list[Answer] = field(default_factory=list)
    store_answer: Answer = field(default_factory=lambda: Answer(body=b"{}"))
    asked: list[Asked] = field(default_factory=list)

    def add_study(self, study: str, views: int = 4, **told: str) -> None:
        self.studies[study] = [instance_json(study, number, **told) for number in range(views)]

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if self.next_answers:
            return self.next_answers.pop(0)
        if asked.method == "POST":
            return self.store_answer
        parts = asked.path.strip("/").split("/")
        if len(parts) > 2 and parts[-2] == "instances":
            return self._file(parts[-1])
        if parts[-1] == "metadata":
            return self._metadata(parts[-2])
        return self._search(asked, parts)

    def _file(self, uid: str) -> Answer:
        if uid not in self.files:
            return Answer(404)
        body = b"--cut\r\nContent-Type: application/dicom\r\n\r\n" + self.files[uid] + b"\r\n--cut--\r\n"
        return Answer(body=body, kind='multipart/related; type="application/dicom"; boundary=cut')

    def _metadata(self, uid: str) -> Answer:
        """Attributes with the pixels at an address of their own (PS3.18 F.2.2)."""
        if uid not in self.files:
            return Answer(404)
        described = pydicom.dcmread(io.BytesIO(self.files[uid]), stop_before_pixels=True)
        told = described.to_json_dict() | {"7FE00010": {"vr": "OW", "BulkDataURI": f"{self.url}/bulk/{uid}"}}
        syntax = described.file_meta.TransferSyntaxUID
        return Answer(body=json.dumps([told | {"00083002": attribute("UI", syntax)}]).encode())

    def _search(self, asked: Asked, parts: Sequence[str]) -> Answer:
        if parts[-1] == "studies":
            found = [self._study(study, instances) for study, instances in self.studies.items() if instances]
        elif parts[0] == "studies":
            found = self.studies.get(parts[1], [])
        elif self.refuses_whole:
            return Answer(400, b"too much")
        else:
            found = [instance for instances in self.studies.values() for instance in instances]
        if {"SOPInstanceUID", "StudyDate"} & asked.query.keys():
            found = [answer for answer in found if self._matches(answer, asked.query)]
        first = int(asked.query.get("offset", ["0"])[0]) if self.knows_offset else 0
        limit = min(self.cap, int(asked.query.get("limit", [str(self.cap)])[0]))
        return Answer(body=json.dumps(found[first : first + limit]).encode())

    def _study(self, study: str, instances: Sequence[dict[str, Any]]) -> dict[str, Any]:
        told = {"0020000D": attribute("UI", study), "00080061": attribute("CS", "MG")}
        count = {"00201208": attribute("IS", len(instances))} if self.tells_counts else {}
        return told | count | {"00080020": instances[0]["00080020"]}

    def _matches(self, answer: dict[str, Any], query: dict[str, list[str]]) -> bool:
        wanted = query.get("SOPInstanceUID", [None])[0]
        first, _, last = query.get("StudyDate", ["0-9"])[0].partition("-")
        day = answer.get("00080020", {}).get("Value", ["0"])[0]
        return first <= day <= last and (wanted is None or answer["00080018"]["Value"] == [wanted])


@contextmanager
def served(pacs: FakePacs, tls: ssl.SSLContext | None = None, port: int = 0) -> Iterator[FakePacs]:
    """Serve it on this computer, on a free port unless one is named."""
    server = _Server(("127.0.0.1", port), _handler(pacs.answer))
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    with serving(server) as url:
        pacs.url = url.replace("http:", "https:") if tls else url
        yield pacs


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None:
        """Clients that hang up are what some tests are about."""


def _handler(answer: Callable[[Asked], Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each answer on a kept connection takes 40 ms

        def do_GET(self) -> None:
            self._give(answer(self._asked()))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._give(answer(self._asked(body)))

        def _asked(self, body: bytes = b"") -> Asked:
            url = urlsplit(self.path)
            return Asked(self.command, url.path, parse_qs(url.query), dict(self.headers), body)

        def _give(self, given: Answer) -> None:
            if given.held is not None:
                given.held.wait()
            self.send_response(given.status)
            headers = {"Content-Type": given.kind, "Content-Length": str(given.announced or len(given.body))}
            for name, value in (headers | given.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(given.body)
            self.close_connection = given.announced is not None

        def log_message(self, *_: object) -> None:
            pass

    return Handler
