"""Whether a port is free."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable, Iterator
from typing import Final

from mammolens.diagnostics.results import Check, failed, passed
from mammolens.errors import ServerError

GROUP: Final = "ports"
LOOPBACK: Final = "127.0.0.1"


def check_ports(ports: Iterable[int]) -> Iterator[Check]:
    """Whether a program of ours could listen to each of these ports on the loopback address."""
    for port in ports:
        try:
            check_port(LOOPBACK, port)
        except ServerError as error:
            yield failed(GROUP, f"port {port}", error.reason, error.remedy)
        else:
            yield passed(GROUP, f"port {port}", f"is free on {LOOPBACK}")


def check_port(address: str, port: int) -> None:
    """Find out whether a program of ours can listen there.

    Raises:
        ServerError: another program uses it, or the address is not one of this computer.
    """
    try:
        family, *_, where = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ServerError(
                f"port {port}", "is in use by another program", "choose another one with --port"
            ) from error
        reason = error.strerror or str(error)
        raise ServerError(f"{address}:{port}", f"is not available ({reason})", "choose another one") from error
