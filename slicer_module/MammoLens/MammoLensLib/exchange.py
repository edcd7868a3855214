"""One HTTP exchange: a time-out for the whole, cancellation, and errors in plain words."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from .errors import ServerError
from .jobs import CancelToken

CHECK_ADDRESS = "check the server's address"
TRY_AGAIN = "try again; if it persists, ask the administrator of the server"
_LONGEST_REASON = 1 << 16  # bytes


class Watch:
    """Ends an exchange after a time limit, even if bytes keep arriving."""

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
        """From now on, limit only the time without a byte."""
        self._timer.cancel()
        self.seconds = seconds
        if self._socket is not None:
            self._socket.settimeout(seconds)

    def break_off(self) -> None:
        """Shut the connection down, which wakes a blocked read; thread-safe."""
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
    """The answer was shorter than announced."""


def refusal(url: str, answer: http.client.HTTPResponse) -> ServerError:
    """The error of the server, if it sent one: "<what>: <reason>; <remedy>"."""
    if answer.status < 400:
        reason = f"redirects to {answer.headers.get('Location', 'nowhere')}"
        return ServerError(url, reason, "enter the address of the server itself", answer.status)
    detail = _detail(answer.read1(_LONGEST_REASON))
    if answer.status in (401, 403):
        return ServerError(url, detail or "denies access", "check the token, or ask for access", answer.status)
    what, _, rest = (detail or "").partition(": ")
    reason, _, remedy = rest.partition("; ")
    if what and reason and remedy:
        return ServerError(what, reason, remedy, answer.status)
    return ServerError(url, detail or f"answers with error {answer.status}", TRY_AGAIN, answer.status)


def _detail(content: bytes) -> str | None:
    try:
        detail: Any = json.loads(content)
    except ValueError:
        return None
    detail = detail.get("detail") if isinstance(detail, Mapping) else None
    return detail.strip() or None if isinstance(detail, str) else None


@contextmanager
def in_words(url: str, watch: Watch, cancelled: CancelToken) -> Iterator[None]:
    """Turn every error of the connection into a ServerError with a remedy."""
    try:
        yield
    except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
        # AttributeError: http.client, when the connection was shut between two of its steps.
        cancelled.check()  # a cancelled exchange is not an error
        raise _trouble(url, error, watch.seconds, watch.is_over or isinstance(error, TimeoutError)) from error
    cancelled.check()


def _trouble(url: str, error: Exception, limit: float, late: bool) -> ServerError:
    if isinstance(error, ssl.SSLCertVerificationError):
        remedy = "choose the certificate file of its authority, or ask the administrator of the server"
        return ServerError(url, f"its certificate is not trusted ({error.verify_message})", remedy)
    if isinstance(error, ssl.SSLError) and not late:
        return ServerError(url, f"no TLS connection can be made ({error.reason})", "check https and the port")
    if late:
        return ServerError(url, f"does not answer within {limit:g} seconds", TRY_AGAIN)
    if isinstance(error, CutError):
        return ServerError(url, str(error), TRY_AGAIN)
    if isinstance(error, socket.gaierror):
        return ServerError(url, "its host name is unknown", CHECK_ADDRESS)
    if isinstance(error, ConnectionRefusedError):
        return ServerError(url, "nothing listens at this address", "check the address, and that the server runs")
    if isinstance(error, http.client.BadStatusLine) and not isinstance(error, http.client.RemoteDisconnected):
        return ServerError(url, "does not speak HTTP", CHECK_ADDRESS)
    if isinstance(error, OSError | http.client.HTTPException):
        return ServerError(url, "the connection was cut", TRY_AGAIN)
    return ServerError(url, f"cannot be reached ({error})", CHECK_ADDRESS)
