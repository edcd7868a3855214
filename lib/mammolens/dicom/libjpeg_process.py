"""libjpeg in a process of its own, which is replaced when it has grown.

pylibjpeg-libjpeg 2.1 never releases four bytes for each pixel of a stream that it refuses, and a check of completeness
makes it refuse one for each image (:func:`~mammolens.dicom.completeness.ending_in_no_code`).
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from multiprocessing.connection import Connection
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_LARGEST: Final = 512 << 20  # bytes in use; a stream of 14 million pixels takes 180 MiB, and leaves 55


def decode(stream: bytes) -> NDArray[Any]:
    """Decode a JPEG stream.

    Returns:
        ``(rows, cols)``, or ``(rows, cols, samples)`` of colour; uint8 or uint16.

    Raises:
        RuntimeError: libjpeg refuses the stream, or its process died.
    """
    with _lock:
        return _process.decode(stream)


class _LibjpegProcess:
    """Starts when there is a stream to decode and no process yet."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def decode(self, stream: bytes) -> NDArray[Any]:
        try:
            to_it, from_it = self._connections()
            to_it.send_bytes(stream)
            answer = json.loads(from_it.recv_bytes())
            picture = from_it.recv_bytes() if answer["shape"] else b""
        except (OSError, EOFError) as error:
            self.end()
            raise RuntimeError("libjpeg's process ended without an answer") from error
        if answer["ends"]:
            self.end()
        if answer["problem"]:
            raise RuntimeError(answer["problem"])
        return np.frombuffer(picture, answer["kind"]).reshape(answer["shape"])

    def end(self) -> None:
        if self._process is not None:
            process, self._process = self._process, None
            for connection in self._pair:
                connection.close()
            process.kill()
            process.wait()

    def _connections(self) -> tuple[Connection, Connection]:
        if self._process is None:
            # -P: modules beside this file are not meant to be imported by their bare names.
            command = [sys.executable, "-P", __file__, str(_LARGEST)]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            to_it, from_it = os.dup(self._process.stdin.fileno()), os.dup(self._process.stdout.fileno())
            self._process.stdin.close()
            self._process.stdout.close()
            self._pair = Connection(to_it, readable=False), Connection(from_it, writable=False)
        return self._pair


def _after_fork() -> None:
    """A fork shares the pipes: answers would go to either."""
    global _lock, _process
    _lock, _process = threading.Lock(), _LibjpegProcess()


_lock, _process = threading.Lock(), _LibjpegProcess()
os.register_at_fork(after_in_child=_after_fork)


@atexit.register
def _end() -> None:
    _process.end()


def _serve(largest: int) -> None:
    """Decode what comes on the standard input, until it ends or so many bytes have been in use."""
    import resource

    import libjpeg.utils

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program that uses it
    streams, answers = Connection(0, writable=False), Connection(1, readable=False)
    ends = False
    while not ends:
        try:
            stream = streams.recv_bytes()
        except EOFError:
            return
        picture, problem = None, None
        try:
            picture = np.ascontiguousarray(libjpeg.utils.decode(stream))
        except Exception as error:  # noqa: BLE001 - whatever it is, the other process raises it
            problem = str(error) or type(error).__name__
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB; on macOS bytes
        ends = peak * (1 if sys.platform == "darwin" else 1024) > largest
        about = {"shape": picture.shape, "kind": picture.dtype.str} if picture is not None else {"shape": None}
        answers.send_bytes(json.dumps({**about, "problem": problem, "ends": ends}).encode())
        if picture is not None:
            answers.send_bytes(picture.tobytes())


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
