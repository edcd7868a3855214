"""Programs of Python that start at once: forks of a process that has imported the large libraries already.

Most of the seconds that a server or a command takes to start go into PyTorch, MONAI, SciPy and the like, and the tests
start dozens. Here one process imports those once for all workers, and each program is a fork of it that goes on as a
new Python would, with arguments, environment, folder and output of its own. MONAI Label reads its settings from the
environment while it is imported: where a fork has any, it imports MONAI Label, and what imports that, once more.

What a program starts by ``sys.executable -m MODULE`` is such a fork, too, where ``sys.executable`` is
:attr:`ForkServer.python`: a small process that passes on signals, input and output, and ends as its fork ends.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

_LIBRARIES = (
    "alembic.command",
    "fastapi",
    "highdicom",
    "ignite.handlers",
    "matplotlib.pyplot",
    "monai",
    "pandas",
    "prometheus_client",
    "pydicom",
    "requests",
    "scipy.ndimage",
    "scipy.stats",
    "SimpleITK",
    "skimage.measure",
    "sqlalchemy.orm",
    "torch",
    "torch._dynamo",  # optimizers import it when they are made
    "typer",
    "uvicorn",
)
# They bring about all of MammoLens that does not import MONAI Label.
_OURS = (
    "mammolens.access_audit.log",
    "mammolens.archive.score",
    "mammolens.cli.main",
    "mammolens.evaluation.report",
    "mammolens.inference.predictor",
    "mammolens.labelapp.access_recorder",
    "mammolens.labelapp.delivery.courier",
    "mammolens.labelapp.delivery.dicom_results",
    "mammolens.labelapp.dimse.listener",
    "mammolens.labelapp.exams.decisions",
    "mammolens.labelapp.exams.worklist_csv",
    "mammolens.labelapp.jobs.files",
    "mammolens.labelapp.learning.candidate",
    "mammolens.labelapp.learning.model_versions",
    "mammolens.labelapp.responses.schema",
    "mammolens.labelapp.routes.security",
    "mammolens.labelapp.serving",
    "mammolens.promotion.promote",
    "mammolens.review.ledger",
    "mammolens.training.engine",
    "mammolens.training.recalibrate",
)
# MONAI Label, and all of MammoLens that imports it.
_SERVER = ("mammolens.labelapp.app", "mammolens.labelapp.routes.http")
_ENVIRONMENT_READERS = ("mammolens", "monailabel")
_MONAI_SETTINGS = ("BUNDLE_DOWNLOAD_SRC", "MONAI_")  # how names of its variables begin
_PYTHON = """
import sys

sys.path.insert(0, {folder!r})
from fork_server import start_a_fork

start_a_fork({address!r}, sys.argv[1:])
"""
_ADDRESS = "address"
_LOOK_S = 2.0  # between two looks whether the tests still run
_PASSED_ON = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
_ONE_THREAD = {"OMP_NUM_THREADS": "1"}  # read as libraries are loaded; threads would not survive the fork


class Program:
    """A program that was started, as far as tests ask what they ask of :class:`subprocess.Popen`.

    Attributes:
        stdout: what it prints, where nothing else was to be done with it; ``stderr`` likewise.
        returncode: negative for a signal; ``None`` while it runs.
    """

    def __init__(self, server: ForkServer, pid: int, stdout: IO[str] | None, stderr: IO[str] | None) -> None:
        self._server, self.pid, self.stdout, self.stderr = server, pid, stdout, stderr
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its return code; ``None`` while it runs."""
        if self.returncode is None:
            self.returncode = self._server.ended(self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its return code, once it has ended."""
        ends = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if ends is not None and time.monotonic() > ends:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
            time.sleep(0.01)
        return code

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it printed to both that nobody has read yet, once it has ended."""
        said = {stream: "" for stream in (self.stdout, self.stderr) if stream is not None}

        def read(stream: IO[str]) -> None:
            said[stream] = stream.read()

        readers = [threading.Thread(target=read, args=(stream,), daemon=True) for stream in said]
        for reader in readers:
            reader.start()
        self.wait(timeout)
        for reader in readers:
            reader.join(timeout)
        return tuple(said[stream] if stream is not None else "" for stream in (self.stdout, self.stderr))  # type: ignore[return-value]

    def send_signal(self, number: int) -> None:
        """Where it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """By SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """By SIGKILL."""
        self.send_signal(signal.SIGKILL)


def start_fork_server(folder: Path, owner: int) -> None:
    """Start the process that is forked; it ends, with what it has started, when the process ``owner`` is gone.

    Args:
        folder: made, to tell :class:`ForkServer` where to find it.
        owner: a process id.
    """
    place = tempfile.mkdtemp(prefix="fork-")
    address = f"{place}/socket"  # short: a socket's path may not be long
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_MONAI_SETTINGS)}
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        subprocess.Popen(
            [sys.executable, __file__, str(listener.fileno()), str(owner)],
            stdin=subprocess.DEVNULL,
            env={**environment, **_ONE_THREAD},
            cwd=place,  # where MONAI Label finds no .env
            pass_fds=[listener.fileno()],
            start_new_session=True,  # Ctrl-C is for the tests
        )
    folder.mkdir()
    (folder / _ADDRESS).write_text(address, encoding="utf-8")


class ForkServer:
    """A worker's way to the process that is forked; what it has started ends when it is closed.

    Attributes:
        python: a program that understands ``[-u] -m MODULE ARGUMENTS`` as Python does, and starts at once.
    """

    def __init__(self, folder: Path) -> None:
        address = (folder / _ADDRESS).read_text(encoding="utf-8")
        self._folder = Path(tempfile.mkdtemp(prefix="forks-"))
        self.python = self._folder / "python"
        code = _PYTHON.format(folder=str(Path(__file__).parent), address=address)
        words = shlex.join([sys.executable, "-IS", "-c", code])
        self.python.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
        self.python.chmod(0o755)
        if not hasattr(os, "pidfd_open"):  # Linux has it
            self.python = Path(sys.executable)
        self._channel, self._turn = socket.socket(socket.AF_UNIX), threading.Lock()
        self._channel.connect(address)

    def start(
        self,
        program: str | Path,
        *arguments: str | Path,
        environment: Mapping[str, str] = os.environ,
        cwd: Path | None = None,
        output: IO[bytes] | None = None,
        ignored: Sequence[int] = (),
        own_session: bool = False,
        python: Path | None = None,
    ) -> Program:
        """Start ``python -m PROGRAM ARGUMENTS``, or ``python PROGRAM ARGUMENTS`` where it is a path.

        Args:
            program: a module's name, or a script.
            arguments: behind it.
            environment: all of it.
            cwd: its folder; that of the tests by default.
            output: where both of its outputs go; by default into pipes.
            ignored: signals that it is born to ignore.
            own_session: whether signals to the group of the tests do not reach it.
            python: what is its ``sys.executable``; the tests' own by default.
        """
        asked = {
            "module": None if isinstance(program, Path) else program,
            "arguments": [str(argument) for argument in (program, *arguments)],
            "environment": dict(environment),
            "cwd": str(cwd or Path.cwd()),
            "ignored": list(ignored),
            "own_session": own_session,
            "python": None if python is None else str(python),
        }
        if output is not None:
            return Program(self, self._ask(asked, output.fileno(), output.fileno()), None, None)
        (said, says), (complained, complains) = os.pipe(), os.pipe()
        try:
            pid = self._ask(asked, says, complains)
        finally:
            os.close(says)
            os.close(complains)
        return Program(self, pid, os.fdopen(said, encoding="utf-8"), os.fdopen(complained, encoding="utf-8"))

    def ended(self, pid: int) -> int | None:
        """The return code of a program, once; ``None`` while it runs."""
        return self._ask({"ended": pid})

    def close(self) -> None:
        """End what it has started."""
        self._channel.close()
        shutil.rmtree(self._folder)

    def _ask(self, asked: Mapping[str, Any], *descriptors: int) -> Any:
        with self._turn:
            return _answer_to(self._channel, asked, *descriptors)


def start_a_fork(address: str, arguments: Sequence[str]) -> NoReturn:
    """What :attr:`ForkServer.python` does: start a fork, pass signals on to it, and end as it ends."""
    option, module, *others = arguments[1:] if arguments[0] == "-u" else arguments  # as torchrun asks; needs nothing
    assert option == "-m", f"{option}: only modules can be forked"
    passed = [number for number in _PASSED_ON if signal.getsignal(number) is not signal.SIG_IGN]
    signal.pthread_sigmask(signal.SIG_BLOCK, passed)  # until there is a fork to pass them on to
    asked = {
        "module": module,
        "arguments": [module, *others],
        "environment": dict(os.environ),
        "cwd": str(Path.cwd()),
        "ignored": [number for number in _PASSED_ON if number not in passed],
        "own_session": True,
        "dies_with": os.getpid(),
    }
    with socket.socket(socket.AF_UNIX) as channel:
        channel.connect(address)
        fork = _answer_to(channel, asked, 1, 2, 0)
        for number in passed:
            signal.signal(number, lambda number, _: os.kill(fork, number))
        ended = os.pidfd_open(fork)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, passed)
        select.select([ended], [], [])
        code = _answer_to(channel, {"ended": fork})
    if code < 0:
        with contextlib.suppress(OSError):  # SIGKILL has no handler
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _answer_to(channel: socket.socket, asked: Mapping[str, Any], *descriptors: int) -> Any:
    socket.send_fds(channel, [json.dumps(asked).encode() + b"\n"], descriptors)
    answer = b""
    while not answer.endswith(b"\n"):
        if not (read := channel.recv(1 << 16)):
            raise RuntimeError("the process that programs are forked from has ended")
        answer += read
    return json.loads(answer)


def _serve(listener: socket.socket, owner: int) -> dict[str, Any] | None:
    """Fork whenever asked to; returns what the fork has to do in the fork, and ``None`` in the end."""
    clients: dict[socket.socket, set[int]] = {}  # and what runs for each
    while _runs(owner):
        for ready in select.select([listener, *clients], [], [], _LOOK_S)[0]:
            if ready is listener:
                clients[listener.accept()[0]] = set()
                continue
            request, descriptors = _request_of(ready)
            if not request:
                _end(clients.pop(ready))
                ready.close()
                continue
            asked = json.loads(request)
            answer: int | None
            if "ended" in asked:
                pid, status = os.waitpid(asked["ended"], os.WNOHANG)
                answer = os.waitstatus_to_exitcode(status) if pid else None
                for children in clients.values():
                    children.discard(pid)
            else:
                answer = os.fork()
                if answer == 0:
                    for descriptor, stream in zip(descriptors, (1, 2, 0), strict=False):  # input is not always given
                        os.dup2(descriptor, stream)
                        os.close(descriptor)
                    for client in clients:
                        client.close()
                    return dict(asked)
                clients[ready].add(answer)
                for descriptor in descriptors:
                    os.close(descriptor)
            with contextlib.suppress(BrokenPipeError):  # who asked was killed; the next look finds that out
                ready.sendall(json.dumps(answer).encode() + b"\n")
    for children in clients.values():
        _end(children)
    return None


def _request_of(client: socket.socket) -> tuple[bytes, list[int]]:
    """A line with its descriptors; nothing of a client that has gone."""
    try:
        request, descriptors, _, _ = socket.recv_fds(client, 1 << 16, 3)
        while request and not request.endswith(b"\n"):
            more = client.recv(1 << 16)
            request = request + more if more else b""
    except ConnectionResetError:
        return b"", []
    return request, descriptors


def _end(children: set[int]) -> None:
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGTERM)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _die_with(process: int) -> None:
    """End this process once that one has ended, however it did: it may be killed in place of this one."""
    try:
        ended = os.pidfd_open(process)
    except ProcessLookupError:
        os._exit(1)

    def wait() -> None:
        select.select([ended], [], [])
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


def _become(asked: dict[str, Any], server: Sequence[str]) -> None:
    if asked["own_session"]:
        os.setsid()
    for number in asked["ignored"]:
        signal.signal(number, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["cwd"])
    os.fsync = lambda _: None  # see surroundings.py
    if asked.get("dies_with"):
        _die_with(asked["dies_with"])
    sys.executable = asked.get("python") or sys.executable
    tempfile.tempdir = None
    if any(name.startswith(_MONAI_SETTINGS) for name in os.environ) or Path(".env").exists():
        _forget(server)
    sys.argv = asked["arguments"]
    first = asked["cwd"] if asked["module"] else str(Path(sys.argv[0]).parent)
    sys.path[:1] = [first, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    if asked["module"]:
        _forget([asked["module"]])  # it may have been imported; runpy would warn
        runpy.run_module(asked["module"], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")


def _forget(modules: Sequence[str]) -> None:
    """Import them once more when they are needed."""
    for name in modules:
        module = sys.modules.pop(name, None)
        package, _, attribute = name.rpartition(".")
        parent = sys.modules.get(package)
        if module is not None and getattr(parent, attribute, None) is module:
            delattr(parent, attribute)


def _main() -> None:
    with socket.socket(fileno=int(sys.argv[1])) as listener:
        gc.disable()
        for name in (*_LIBRARIES, *_OURS):
            importlib.import_module(name)
        assert "monailabel" not in sys.modules
        others = set(sys.modules)
        for name in _SERVER:
            importlib.import_module(name)
        server = [n for n in sys.modules if n not in others and n.partition(".")[0] in _ENVIRONMENT_READERS]
        gc.freeze()  # what the garbage collector of a fork looks at would be copied
        asked = _serve(listener, int(sys.argv[2]))
    gc.enable()
    if asked is not None:
        _become(asked, server)


if __name__ == "__main__":
    _main()
