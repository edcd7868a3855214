"""The site that is put under load, and what goes wrong there.

A server with accounts over a stand-in for a PACS, its ledger in PostgreSQL, its clock one that can be set.
"""

from __future__ import annotations

import multiprocessing
import resource
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "labelapp" / "pacs"))
sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
import fake_pacs
import psutil
import pydicom
from ports import free_port
from settable_clock import SettableClock
from topology.postgres import postgres_folder, restart_postgres, start_postgres
from topology.process import Processes
from topology.programs import postgres_program

from mammolens.accounts import AccountsFile
from mammolens.cli.server_process import HOST, running_server
from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.enums import Role
from mammolens.errors import ServerError

_SLOW_S = 2.0  # before each answer of a slow PACS
_HOUR_S, _DAY_S = 3600, 86_400
_ANSWERED = (
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyDate",
    "Modality",
    "PatientID",
    "ViewPosition",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "ImageLaterality",
)


class Fault(NamedTuple):
    """Something that goes wrong.

    Attributes:
        name: in the report.
        happens: while it is entered.
        lasts: whether it stays; else it is over as soon as what was ended runs again.
    """

    name: str
    happens: Callable[[], AbstractContextManager[None]]
    lasts: bool = True


class Site:
    """A running server, its PACS, its database and its accounts.

    Args:
        folder: of everything that is written; emptied by nobody.
        users: accounts with the role annotator.
        exams: phantoms in the PACS.
        rows: of their images; columns are four fifths of them.
    """

    def __init__(self, folder: Path, users: int, exams: int, rows: int) -> None:
        self.folder, self._starts = folder, 0
        studies = folder / "pacs"
        spacing = (256 / rows, 256 / rows)
        write_phantom_dataset(studies, normals=exams, rows=rows, columns=rows * 4 // 5, spacing=spacing)
        self._pacs_port, self._port, self._database_port = free_port(), free_port(), free_port()
        self._clock = SettableClock(folder)
        self._delay: Synchronized[float] = multiprocessing.Value("d", 0.0)
        self._pacs: multiprocessing.Process | None = None
        self._server, self._database = ExitStack(), ExitStack()
        accounts = AccountsFile(folder / "users.json")
        self.tokens = []
        for number in range(users):
            accounts.add(f"reader-{number:02}", Role.ANNOTATOR, None)
            self.tokens.append(accounts.add_token(f"reader-{number:02}", "load", timedelta(days=2)))
        self.url = f"http://{HOST}:{self._port}"
        self.process: psutil.Process | None = None
        self._restart_database: Callable[[], None] | None = None
        self._ledger = ""

    def start_database(self) -> None:
        """Start PostgreSQL, in a folder that goes with it.

        Raises:
            ServerError: it is not installed.
        """
        if shutil.which(postgres_program("initdb")) is None:
            raise ServerError("PostgreSQL", "is not installed", "apt-get install postgresql")
        port, name, password = self._database_port, "mammolens", secrets.token_hex(8)
        folder = self._database.enter_context(postgres_folder())
        processes = Processes(folder)
        self._database.callback(processes.stop_all)
        account = {"POSTGRES_USER": name, "POSTGRES_PASSWORD": password, "POSTGRES_DB": name}
        start_postgres(processes, folder, port, account)
        self._restart_database = partial(restart_postgres, processes, folder, port)
        self._ledger = f"postgresql://{name}:{password}@{HOST}:{port}/{name}"

    def start(self) -> None:
        """Start the server, with what it kept, and wait until it answers."""
        self._starts += 1
        variables = self._clock.variables | {
            "MAMMOLENS_LEDGER": self._ledger,
            "MAMMOLENS_USERS": str(self.folder / "users.json"),
            "MONAI_LABEL_AUTH_ENABLE": "true",
            "MONAI_LABEL_DICOMWEB_CACHE_PATH": str(self.folder / "kept"),
            "MONAI_LABEL_DICOMWEB_CACHE_EXPIRY": "10",  # so that the PACS is asked often
        }
        log, pacs = self.folder / f"server-{self._starts}.log", f"http://{HOST}:{self._pacs_port}"
        running = running_server(pacs, self._port, self.folder / "app", log=log, variables=variables)
        self.process = psutil.Process(self._server.enter_context(running).pid)

    def start_pacs(self) -> None:
        """Start the PACS."""
        process = multiprocessing.Process(
            target=_serve_pacs, args=(self.folder / "pacs", self._pacs_port, self._delay), daemon=True
        )
        process.start()
        self._pacs = process

    def stop_pacs(self) -> None:
        """From now on, connections to the PACS are refused."""
        if self._pacs is not None:
            self._pacs.kill()
            self._pacs.join()

    def stop(self) -> None:
        """Stop all three."""
        self._server.close()
        self.stop_pacs()
        self._database.close()

    @contextmanager
    def pacs_down(self) -> Iterator[None]:
        """The PACS refuses connections."""
        self.stop_pacs()
        yield
        self.start_pacs()

    @contextmanager
    def pacs_slow(self) -> Iterator[None]:
        """The PACS waits before each answer."""
        self._delay.value = _SLOW_S
        yield
        self._delay.value = 0.0

    @contextmanager
    def disk_full(self) -> Iterator[None]:
        """No file of the server can grow: RLIMIT_FSIZE, set from outside, needs neither root nor a small volume.

        A write fails with EFBIG instead of ENOSPC; the server treats both in the same way.
        """
        assert self.process is not None
        before = self.process.rlimit(resource.RLIMIT_FSIZE)
        self.process.rlimit(resource.RLIMIT_FSIZE, (0, before[1]))
        yield
        self.process.rlimit(resource.RLIMIT_FSIZE, before)

    @contextmanager
    def server_killed(self) -> Iterator[None]:
        """Kill the server by SIGKILL, during any inference or write, and start it again."""
        assert self.process is not None
        self.process.kill()
        self._server.close()
        self.start()
        yield

    @contextmanager
    def clock_ahead(self) -> Iterator[None]:
        """The server's clock is a day ahead."""
        self._clock.shift(_DAY_S)
        yield
        self._clock.shift(0)

    @contextmanager
    def clock_behind(self) -> Iterator[None]:
        """The server's clock is an hour behind."""
        self._clock.shift(-_HOUR_S)
        yield
        self._clock.shift(0)

    @contextmanager
    def database_restarted(self) -> Iterator[None]:
        """PostgreSQL ends without finishing anything, and is started again."""
        assert self._restart_database is not None
        self._restart_database()
        yield

    def faults(self) -> list[Fault]:
        """All that can go wrong."""
        return [
            Fault("PACS slow", self.pacs_slow),
            Fault("PACS down", self.pacs_down),
            Fault("disk full", self.disk_full),
            Fault("server killed", self.server_killed, lasts=False),
            Fault("clock a day ahead", self.clock_ahead),
            Fault("clock an hour behind", self.clock_behind),
            Fault("database restarted", self.database_restarted, lasts=False),
        ]


class _Pacs(fake_pacs.FakePacs):
    delay: Any = None

    def answer(self, asked: fake_pacs.Asked) -> fake_pacs.Answer:
        time.sleep(self.delay.value)
        self.asked.clear()  # for hours, it would grow
        return super().answer(asked)


def _serve_pacs(folder: Path, port: int, delay: Any) -> None:
    pacs = _Pacs()
    pacs.delay = delay
    for path in sorted(folder.rglob("*.dcm")):
        header = pydicom.dcmread(path, stop_before_pixels=True)
        told = {
            key: value
            for key, value in header.to_json_dict().items()
            if pydicom.datadict.keyword_for_tag(key) in _ANSWERED
        }
        pacs.studies.setdefault(str(header.StudyInstanceUID), []).append(told)
        pacs.files[str(header.SOPInstanceUID)] = path.read_bytes()
    with fake_pacs.served(pacs, port=port):
        while True:
            time.sleep(3600)
