"""One exchange with a server: ended in time, broken off on request, its troubles told in words."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from .cancel import CancelToken
from .errors import ServerError

CHECK_ADDRESS = "check the server's address"
TRY_AGAIN = "try again; if it stays so, ask who runs the server"
_LONGEST_REASON = 1 << 16  # bytes


class Watch:
    """Ends an exchange after so many seconds, however busy its bytes drip."""

    def __init__(self, connection: http.client.HTTPConnection, seconds: float) -> None:
        self.seconds, self.is_over = float(connection.timeout or seconds), False  # until it is connected
        self._limit = seconds
        self._connection = connection
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._stop)
        self._timer.daemon = True

    def begin(self) -> None:
        """The connection has been made."""
        assert self._connection.sock is not None
        self._socket = self._connection.sock  # http.client forgets it when the server says that it will close
        self._socket.settimeout(self._limit)
        self.seconds = self._limit
        self._timer.start()

    def go_on(self, seconds: float) -> None:
        """From now on only a silence of so many seconds is too long."""
        self._timer.cancel()
        self.seconds = seconds
        if self._socket is not None:
            self._socket.settimeout(seconds)

    def break_off(self) -> None:
        """Wake whoever waits for the other side; safe from any thread."""
        if self._socket is not None:
            with suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # a TLS socket's own would change its state

    def end(self) -> None:
        """It is over."""
        self._timer.cancel()

    def _stop(self) -> None:
        self.is_over = True
        self.break_off()


class CutError(ConnectionError):
    """Less came than was announced."""


def refusal(url: str, answer: http.client.HTTPResponse) -> ServerError:
    """The server's own words, where it has some: "<what>: <reason>; <remedy>"."""
    if answer.status < 400:
        reason = f"sends us elsewhere, to {answer.headers.get('Location', 'nowhere')}"
        return ServerError(url, reason, "enter the address of the server itself", answer.status)
    told = _detail(answer.read1(_LONGEST_REASON))
    if answer.status in (401, 403):
        return ServerError(url, told or "does not let us in", "check the token, or ask for access", answer.status)
    what, _, rest = (told or "").partition(": ")
    reason, _, remedy = rest.partition("; ")
    if what and reason and remedy:
        return ServerError(what, reason, remedy, answer.status)
    return ServerError(url, told or f"answers with error {answer.status}", TRY_AGAIN, answer.status)


def _detail(content: bytes) -> str | None:
    try:
        detail: Any = json.loads(content)
    except ValueError:
        return None
    detail = detail.get("detail") if isinstance(detail, Mapping) else None
    return detail.strip() or None if isinstance(detail, str) else None


@contextmanager
def in_words(url: str, watch: Watch, cancelled: CancelToken) -> Iterator[None]:
    """Whatever goes wrong with the connection, as an error that says what to do."""
    try:
        yield
    except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
        # AttributeError: http.client, when the connection was shut between two of its steps.
        cancelled.check()  # what we broke off ourselves is no trouble
        raise _trouble(url, error, watch.seconds, watch.is_over or isinstance(error, TimeoutError)) from error
    cancelled.check()


def _trouble(url: str, error: Exception, limit: float, late: bool) -> ServerError:
    if isinstance(error, ssl.SSLCertVerificationError):
        remedy = "choose the certificate file of its authority, or ask who runs the server"
        return ServerError(url, f"its certificate is not trusted ({error.verify_message})", remedy)
    if isinstance(error, ssl.SSLError) and not late:
        return ServerError(url, f"no safe connection comes about ({error.reason})", "check https and the port")
    if late:
        return ServerError(url, f"does not answer within {limit:g} seconds", TRY_AGAIN)
    if isinstance(error, CutError):
        return ServerError(url, str(error), TRY_AGAIN)
    if isinstance(error, socket.gaierror):
        return ServerError(url, "no computer of this name is known", CHECK_ADDRESS)
    if isinstance(error, ConnectionRefusedError):
        return ServerError(url, "nothing answers there", "check the address, and that the server runs")
    if isinstance(error, http.client.BadStatusLine) and not isinstance(error, http.client.RemoteDisconnected):
        return ServerError(url, "speaks no HTTP", CHECK_ADDRESS)
    if isinstance(error, OSError | http.client.HTTPException):
        return ServerError(url, "the connection was cut", TRY_AGAIN)
    return ServerError(url, f"cannot be asked ({error})", CHECK_ADDRESS)
