"""Ports for servers that have to be told one; several test processes ask for them at once."""

from __future__ import annotations

import json
import subprocess
import sys

from topology.ports import free_port, free_ports

from .conftest import REPOSITORY

_ASKS = "import json; from topology.ports import free_ports; print(json.dumps(free_ports('a', 'b', 'c')))"


def test_no_two_processes_are_given_the_same_port() -> None:
    ours = {*free_ports("a", "b").values(), free_port()}
    asked = subprocess.run(
        [sys.executable, "-c", _ASKS], cwd=REPOSITORY / "scripts", check=True, capture_output=True, text=True
    )
    theirs = set(json.loads(asked.stdout).values())
    assert len(ours | theirs) == 6
