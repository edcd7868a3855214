"""A port for the server that is measured."""

from __future__ import annotations

import socket

from mammolens.cli.server_process import HOST


def free_port() -> int:
    """A TCP port on the loopback address that nobody listens at."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
