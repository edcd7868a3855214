"""PostgreSQL in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from topology.process import Processes, succeeds
from topology.programs import postgres_program


@contextlib.contextmanager
def postgres_folder() -> Iterator[Path]:
    """A folder that the account that runs PostgreSQL may enter; removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="mammolens-postgres-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def start_postgres(processes: Processes, folder: Path, port: int, environment: Mapping[str, str]) -> None:
    """A cluster with the user, password and database that the container image makes of ``environment``."""
    user, password = environment["POSTGRES_USER"], environment["POSTGRES_PASSWORD"]
    secret = folder / "password"
    secret.write_text(password, encoding="utf-8")
    words = [f"--pgdata={_cluster(folder)}", f"--username={user}", f"--pwfile={secret}", "--auth=scram-sha-256"]
    words += ["--encoding=UTF8", "--locale=C", "--no-sync"]
    subprocess.run([postgres_program("initdb"), *words], check=True, capture_output=True, **_account(folder))
    secret.unlink()
    _run(processes, folder, port)
    create = [postgres_program("createdb"), "--host=127.0.0.1", f"--port={port}", f"--username={user}"]
    create.append(environment["POSTGRES_DB"])
    processes.wait_until("postgres", lambda: succeeds(create, {"PGPASSWORD": password}))


def restart_postgres(processes: Processes, folder: Path, port: int) -> None:
    """End it at once, connections and transactions with it (``pg_ctl restart -m immediate``), and start it again."""
    processes.end("postgres", signal.SIGQUIT)
    _run(processes, folder, port)
    ask = [postgres_program("pg_isready"), "--host=127.0.0.1", f"--port={port}"]
    processes.wait_until("postgres", lambda: succeeds(ask, {}))


def _run(processes: Processes, folder: Path, port: int) -> None:
    command = [postgres_program("postgres"), "-D", str(_cluster(folder)), "-p", str(port)]
    command += ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
    command += ["-c", "fsync=off"]  # the folder is removed at the end
    processes.start("postgres", command, {}, **_account(folder))


def _cluster(folder: Path) -> Path:
    return folder / "cluster"


def _account(folder: Path) -> dict[str, Any]:
    account: dict[str, Any] = {"cwd": folder}
    if os.geteuid() == 0:  # as which PostgreSQL refuses to run
        account |= {"user": "postgres", "group": "postgres", "extra_groups": []}
    return account
