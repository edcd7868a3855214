"""The MONAI Label server as a child process, on the loopback address."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from mammolens.cli.console import say
from mammolens.cli.signals import child, ended_by_sigterm
from mammolens.diagnostics.ports import LOOPBACK, check_port
from mammolens.errors import ConfigError, InputError, ServerError, StorageError
from mammolens.loopback import opener_for
from mammolens.private_folder import PrivateFolder

HOST = LOOPBACK
APP = Path("monai_app")
_MAIN = '"""The MONAI Label app of MammoLens."""\n\nfrom mammolens.labelapp.app import MammoLensApp as MammoLensApp\n'
LONGEST_STOP_S = 50.0
"""For which a server may answer what it has begun, such as inference; systemd waits longer."""
_LONGEST_START_S = 300.0
_TRUSTED_PROXIES = "FORWARDED_ALLOW_IPS"


@contextmanager
def running_server(
    studies: str,
    port: int,
    app: Path = APP,
    model_dir: Path | None = None,
    log: Path | None = None,
    conf: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the server, wait until it answers, and stop it at the end, also when this process is terminated.

    Args:
        studies: a folder, or the address of a DICOMweb server.
        port: on the loopback address.
        app: the app folder; made if missing.
        model_dir: where published models live, instead of in the app folder.
        log: takes what the server prints, instead of this process's own output.
        conf: further ``--conf`` pairs, which command line and log of the server show. The name that decisions get
            where nobody logs in, ``reviewer``, is by default this account's.
        variables: of its environment, which they do not.

    Raises:
        InputError: the folder does not exist.
        ConfigError: a password in the address of a PACS.
        StorageError: a folder cannot be written to.
        ServerError: it cannot start, ended, or did not answer in time.
    """
    _check(studies, port)
    for folder, keeps in folders_to_write(studies, app, model_dir):
        _check_writable(folder, keeps)
    _ensure_app(app)
    command = [sys.executable, "-m", "monailabel.main", "start_server"]
    command += ["--app", str(app), "--studies", studies, "--host", HOST, "--port", str(port)]
    defaults = {"model_dir": str(model_dir.resolve()) if model_dir else "", "reviewer": _login_name()}
    for name, value in {**defaults, **(conf or {})}.items():
        command += ["--conf", name, value] if value else []
    if log:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch(mode=0o600)
    sink = log.open("wb") if log else None
    temporary = PrivateFolder(Path(tempfile.gettempdir()))
    surroundings = {
        **(variables or {}),
        "TMPDIR": str(temporary.path),  # a signal ends the server without clearing up
        _TRUSTED_PROXIES: os.environ.get(_TRUSTED_PROXIES, ""),  # uvicorn would trust every program on this computer
    }
    with ended_by_sigterm():
        try:
            # Logs, too, which MONAI Label opens before our app is loaded, are for the server's account alone.
            errors = subprocess.STDOUT if sink else None
            with child(command, sink, errors, surroundings, umask=0o077, longest_stop_s=LONGEST_STOP_S) as server:
                _wait_until_it_answers(server, port, log)
                yield server
        finally:
            temporary.close()
            if sink:
                sink.close()


def wait_for(server: subprocess.Popen[bytes], announce: Callable[[], None]) -> None:
    """Wait until the server ends or the user presses Ctrl-C, the normal way to stop it.

    Args:
        server: that answers already.
        announce: called when Ctrl-C can be pressed.

    Raises:
        ServerError: it ended without being stopped.
    """
    try:
        announce()
        code = server.wait()
    except KeyboardInterrupt:
        return
    raise ServerError("the server", f"ended with code {code}", "see its log")


def _login_name() -> str:
    """Of the account that runs this; empty where the system has no name for it."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return ""


def _check(studies: str, port: int) -> None:
    if find_spec("monailabel") is None:
        raise ServerError("monailabel", "is not installed", "run 'make install', or pip install 'mammolens[server]'")
    check_studies(studies)
    check_port(HOST, port)


def check_studies(studies: str) -> None:
    """Refuse what is neither a folder nor the address of a PACS.

    Raises:
        ConfigError: an address with a password.
        InputError: no such folder.
    """
    if is_url(studies) and urlsplit(studies).username is not None:  # command line and log would show it
        reason = "the address of the PACS contains a user name or password"
        raise ConfigError("STUDIES", reason, "give them as MONAI_LABEL_DICOMWEB_USERNAME and ..._PASSWORD")
    if not is_url(studies) and not Path(studies).is_dir():
        raise InputError(studies, "is not a folder", "give a folder of mammograms or the address of a PACS")


def is_url(studies: str) -> bool:
    """Whether the studies are those of a PACS."""
    return studies.startswith(("http://", "https://"))


def folders_to_write(studies: str, app: Path, model_dir: Path | None) -> Iterator[tuple[Path, str]]:
    """The folders of a server, each with what a person can do about it."""
    yield app, "name another one with --app"
    if model_dir is not None:
        yield model_dir, "name another one with --model-dir"
    if not is_url(studies):
        yield Path(studies), "labels and decisions are stored there"


def _check_writable(folder: Path, remark: str) -> None:
    """Make a folder if it is missing, and try to write to it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = f"cannot be written to ({error.strerror})"
        raise StorageError(folder, reason, f"give this user the right to write; {remark}") from error


def _ensure_app(app: Path) -> None:
    main = app / "main.py"
    if not main.exists():
        app.mkdir(parents=True, exist_ok=True)
        main.write_text(_MAIN, encoding="utf-8")


def _last_lines(log: Path) -> list[str]:
    """The end of a log, which says why a server did not start."""
    return [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()][-8:]


def _wait_until_it_answers(server: subprocess.Popen[bytes], port: int, log: Path | None) -> None:
    where = f"see {log}" if log else "see the lines above"
    url = f"http://{HOST}:{port}/healthz"
    deadline = time.monotonic() + _LONGEST_START_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            for line in _last_lines(log) if log else ():
                say(line)
            raise ServerError(f"port {port}", f"the server ended with code {server.returncode}", where)
        try:
            with opener_for(url).open(url, timeout=30):
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.3)
    raise ServerError(f"port {port}", f"the server did not answer within {_LONGEST_START_S:.0f} s", where)
