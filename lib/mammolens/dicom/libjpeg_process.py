"""libjpeg in a process of its own, which is replaced when it has grown.

pylibjpeg-libjpeg 2.1 never releases four bytes for each pixel of a stream that it refuses, and a check of completeness
makes it refuse one for each image (:func:`~mammolens.dicom.completeness.ending_in_no_code`).
"""

from __future__ import annotations

import atexit
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_LARGEST: Final = 512 << 20  # bytes in use between two streams; one of 14 million pixels leaves 55 MB


def decode(stream: bytes) -> NDArray[Any]:
    """Decode a JPEG stream.

    Returns:
        ``(rows, cols)``, or ``(rows, cols, samples)`` of colour; uint8 or uint16.

    Raises:
        RuntimeError: libjpeg refuses the stream, or its process died.
    """
    with _lock:
        return _process.decode(stream)


class LibjpegProcess:
    """Starts when there is a stream to decode and no process yet."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Of the process; ``None`` if there is none."""
        return None if self._process is None else self._process.pid

    def decode(self, stream: bytes) -> NDArray[Any]:
        """As :func:`decode`."""
        try:
            to_it, from_it = self._connections()
            to_it.send_bytes(stream)
            answer = json.loads(from_it.recv_bytes())
            picture = from_it.recv_bytes() if answer["shape"] else b""
        except (OSError, EOFError) as error:
            self.end()
            raise RuntimeError("libjpeg's process ended without an answer") from error
        except BaseException:  # such as Ctrl-C: its answer would be taken for the next stream's
            self.end()
            raise
        if answer["ends"]:
            self.end()
        if answer["problem"]:
            raise RuntimeError(answer["problem"])
        return np.frombuffer(picture, answer["kind"]).reshape(answer["shape"])

    def end(self) -> None:
        """Kill the process, if there is one."""
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
    _lock, _process = threading.Lock(), LibjpegProcess()


_lock, _process = threading.Lock(), LibjpegProcess()
os.register_at_fork(after_in_child=_after_fork)


@atexit.register
def _end() -> None:
    _process.end()


def _serve(largest: int) -> None:
    """Decode what comes on the standard input, until it ends or more bytes are in use."""
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
        ends = _bytes_in_use() > largest
        about = {"shape": picture.shape, "kind": picture.dtype.str} if picture is not None else {"shape": None}
        answers.send_bytes(json.dumps({**about, "problem": problem, "ends": ends}).encode())
        if picture is not None:
            answers.send_bytes(picture.tobytes())


def _bytes_in_use() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:  # macOS: the peak, in bytes. On Linux, a process's peak is at first that of the one that starts it.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return pages * resource.getpagesize()


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
