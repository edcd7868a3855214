"""A little server that misbehaves on purpose, byte by byte."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from MammoLensLib.jobs import CancelToken

_TLS_HANDSHAKE = b"\x16\x03"
Behaviour = Callable[[socket.socket], None]


@dataclass
class Trouble:
    """Where it listens, and what it was asked."""

    port: int
    scheme: str = "http"
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


@contextlib.contextmanager
def a_server(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Trouble]:
    """Answer every connection by the behaviour, each in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        trouble = Trouble(listener.getsockname()[1], "https" if tls else "http")
        threading.Thread(target=_serve, args=(listener, behaviour, tls, trouble), daemon=True).start()
        yield trouble
        listener.shutdown(socket.SHUT_RDWR)  # wakes accept


def _serve(listener: socket.socket, behaviour: Behaviour, tls: ssl.SSLContext | None, trouble: Trouble) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_answer, args=(connection, behaviour, tls, trouble), daemon=True).start()


def _answer(connection: socket.socket, behaviour: Behaviour, tls: ssl.SSLContext | None, trouble: Trouble) -> None:
    with contextlib.suppress(OSError), connection:
        secured = tls.wrap_socket(connection, server_side=True) if tls else connection
        trouble.asked.append(_request(secured))
        behaviour(secured)
        secured.shutdown(socket.SHUT_RDWR)


def _request(connection: socket.socket) -> str:
    """Head and body."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
        if received.startswith(_TLS_HANDSHAKE):  # not HTTP, as any server sees at once
            return ""
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while lengths and len(body) < int(lengths[0].split(b":")[1]):
        body += _more(connection)
    return (head + b"\r\n\r\n" + body).decode(errors="replace")


def _more(connection: socket.socket) -> bytes:
    if not (more := connection.recv(65536)):  # or else the thread would ask for ever, and keep a core busy
        raise ConnectionResetError
    return more


def answer(content: bytes, kind: str = "application/json", status: str = "200 OK", **headers: object) -> bytes:
    """A whole answer; ``Content_Length=...`` and the like replace headers."""
    told = {"Content-Type": kind, "Content-Length": len(content), "Connection": "close"}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in told.items() if value is not None]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode() + content


def sends(content: bytes) -> Behaviour:
    """Send this and hang up."""
    return lambda connection: connection.sendall(content)


def tells(value: object, status: str = "200 OK") -> Behaviour:
    """Answer with JSON."""
    return sends(answer(json.dumps(value).encode(), status=status))


def silence(connection: socket.socket) -> None:
    """Never answer; whoever asks has to hang up."""
    connection.recv(1)


def drips(content: bytes, pause: float = 0.1) -> Behaviour:
    """A byte now and then, so that no single wait is long."""

    def behave(connection: socket.socket) -> None:
        for number in range(len(content)):
            connection.sendall(content[number : number + 1])
            time.sleep(pause)
        silence(connection)

    return behave


def cancels(token: CancelToken) -> Behaviour:
    """Never answer, while whoever asks changes his mind."""

    def behave(connection: socket.socket) -> None:
        token.cancel()
        silence(connection)

    return behave


def sends_a_part(content: bytes, claimed: int, then: Behaviour = lambda connection: None) -> Behaviour:
    """Claim a length, send less, go on otherwise."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(answer(content, "application/dicom", Content_Length=claimed))
        then(connection)

    return behave
