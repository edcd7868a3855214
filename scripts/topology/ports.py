"""TCP ports for servers that have to be told one."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

_HOST = "127.0.0.1"
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_held: list[socket.socket] = []


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens at, and that no other process is given while this one lives.

    It lies outside of the range from which the system chooses ports for connections. From that range, one could be
    taken before the server listens at it, or while a server is stopped to be started again.
    """
    for port in _candidates():
        # An abstract socket: one process at a time can bind it, and it goes with the process.
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with contextlib.suppress(OSError), socket.socket() as probe:
            claim.bind(f"\0mammolens-port-{port}")
            probe.bind((_HOST, port))
            _held.append(claim)
            return port
        claim.close()
    raise OSError("no TCP port is free")


def free_ports(*names: str) -> dict[str, int]:
    """Such a port for each name."""
    return {name: free_port() for name in names}


def _candidates() -> Iterator[int]:
    """From 20000 on, where Chromium bars none; first those that the system itself does not choose."""
    low, high = map(int, _RANGE.read_text(encoding="ascii").split())
    ports = range(20000, 65536)
    yield from (port for port in ports if not low <= port <= high)
    yield from (port for port in ports if low <= port <= high)
