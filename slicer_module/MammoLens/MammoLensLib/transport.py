"""HTTP to one server: checked certificates and answers, a time-out on every wait, reads that can be cancelled.

Nothing is retried and no redirect followed: the token goes to the named server and nowhere else.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import urllib.parse
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ServerError
from .exchange import CHECK_ADDRESS, TRY_AGAIN, CutError, Watch, in_words, refusal
from .jobs import CancelToken


@dataclass(frozen=True)
class Body:
    """Content of a request."""

    content: bytes
    content_type: str

    @classmethod
    def of_json(cls, value: Any) -> Body:
        """JSON."""
        return cls(json.dumps(value).encode(), "application/json")

    @classmethod
    def of_form(cls, **fields: str) -> Body:
        """Form fields."""
        return cls(urllib.parse.urlencode(fields).encode(), "application/x-www-form-urlencoded")


OnBytes = Callable[[int, int | None], None]
"""Gets bytes so far and in total; ``None`` if the total is unknown."""

_CHUNK = 1 << 18
_CONNECT = 10.0  # s; until it is connected there is nothing to break off
_LARGEST_JSON = 1 << 26


class Transport:
    """Sends requests to one server, each on its own connection, so that threads never share one.

    Args:
        url: "https://server:port", a path behind it is kept.
        token: sent as bearer token, if there is one.
        ca_file: certificates (PEM) to trust instead of the system's.
        timeout: seconds without a byte, and for a short request as a whole.

    Raises:
        ServerError: address or certificate file cannot be used.
    """

    def __init__(self, url: str, token: str = "", ca_file: str | None = None, timeout: float = 30.0) -> None:
        self.url = url.strip().rstrip("/")
        self._token, self._timeout = token.strip(), timeout
        parts = _split(self.url)
        self._host, self._port, self._prefix = parts.hostname or "", parts.port, parts.path
        self._tls = _tls(ca_file) if parts.scheme == "https" else None

    def json(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        *,
        timeout: float | None = None,
        cancelled: CancelToken | None = None,
    ) -> Any:
        """Ask for JSON.

        Args:
            timeout: seconds for all of it, if it may take longer than usual.

        Raises:
            ServerError: no answer, an error, or an answer that is not JSON.
            Cancelled: the token was cancelled.
        """
        limit = timeout or self._timeout
        with self._answer(method, path, body, limit, cancelled, until_read=True) as answer:
            content = b"".join(_chunks(answer, self.url, _LARGEST_JSON))
            kind = answer.headers.get_content_type()
        try:
            return json.loads(content)
        except ValueError as error:
            reason = f"does not answer with JSON ({kind})"
            raise ServerError(self.url, reason, f"{CHECK_ADDRESS}: it may be that of another service") from error

    def download(
        self,
        method: str,
        path: str,
        target: Path,
        body: Body | None = None,
        *,
        timeout: float | None = None,
        progress: OnBytes | None = None,
        cancelled: CancelToken | None = None,
    ) -> Path:
        """Write an answer to a file, completely or not at all.

        Args:
            timeout: seconds until the answer begins, if it may take longer than usual.

        Raises:
            ServerError: no answer, an error, a web page, or a part only; or the file cannot be written.
            Cancelled: stopped meanwhile.
        """
        part = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
        try:
            with self._answer(method, path, body, timeout or self._timeout, cancelled) as answer:
                if answer.headers.get_content_type() in ("text/html", "application/json"):
                    raise ServerError(self.url, "answers with a page instead of an image", CHECK_ADDRESS)
                if answer.length is None and not answer.chunked:
                    raise ServerError(self.url, "does not say how long the image is", TRY_AGAIN)
                with _writing(target), part.open("wb") as file:
                    _copy(_chunks(answer, self.url), file.write, answer.length, progress)
            with _writing(target):
                os.replace(part, target)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        return target

    @contextmanager
    def _answer(
        self,
        method: str,
        path: str,
        body: Body | None,
        limit: float,
        cancelled: CancelToken | None,
        until_read: bool = False,
    ) -> Iterator[http.client.HTTPResponse]:
        """A successful answer; ``limit`` is in seconds, for its start or for all of it."""
        cancelled = cancelled or CancelToken()
        cancelled.check()
        connection = self._connection(min(limit, _CONNECT))
        watch = Watch(connection, limit)
        try:
            with in_words(self.url, watch, cancelled):
                connection.connect()
                watch.begin()
                with cancelled.stopping_by(watch.break_off):
                    content = body.content if body else None
                    connection.request(method, self._prefix + path, content, self._headers(body))
                    answer = connection.getresponse()
                    if answer.status >= 300:
                        raise refusal(self.url, answer)
                    if not until_read:
                        watch.go_on(self._timeout)
                    yield answer
        finally:
            watch.end()
            connection.close()

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=timeout)
        return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=self._tls)

    def _headers(self, body: Body | None) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity", "Connection": "close", "User-Agent": "MammoLens for 3D Slicer"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if body:
            headers["Content-Type"] = body.content_type
        return headers


def _split(url: str) -> urllib.parse.SplitResult:
    remedy = "enter it as https://name:port"
    try:
        parts = urllib.parse.urlsplit(url)
        port_is_fine = parts.port != 0
    except ValueError as error:
        raise ServerError(url or "the server's address", f"is not an address ({error})", remedy) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine:
        raise ServerError(url or "the server's address", "is not an address of a server", remedy)
    if parts.query or parts.fragment or parts.username:
        raise ServerError(parts.hostname, "the address holds more than a server and a path", remedy)
    return parts


def _tls(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:  # ssl.SSLError is one
        reason = f"is not a certificate file that can be read ({error.strerror or error})"
        raise ServerError(str(ca_file), reason, "choose a PEM file with the certificate of the authority") from error


def _chunks(answer: http.client.HTTPResponse, url: str, largest: int | None = None) -> Iterator[bytes]:
    expected, got = answer.length, 0
    while chunk := answer.read1(_CHUNK):
        got += len(chunk)
        if largest is not None and got > largest:
            raise ServerError(url, "its answer is too large", CHECK_ADDRESS)
        yield chunk
    if expected is not None and got != expected:
        raise CutError(f"the connection was cut after {got} of {expected} bytes")


def _copy(
    chunks: Iterator[bytes], write: Callable[[bytes], object], expected: int | None, progress: OnBytes | None
) -> None:
    done = 0
    for chunk in chunks:
        write(chunk)
        done += len(chunk)
        if progress:
            progress(done, expected)


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    """Turns errors of the disk into a ServerError of their own; errors of the connection pass."""
    try:
        yield
    except FileNotFoundError as error:
        raise ServerError(str(target), "its folder is gone", "open the exam again") from error
    except OSError as error:
        if error.errno is None or isinstance(error, ConnectionError | TimeoutError | ssl.SSLError):
            raise
        raise ServerError(str(target), f"cannot be written ({error.strerror})", "make room on the disk") from error
