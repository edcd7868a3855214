"""The site that is put under load, and what goes wrong there: a server with accounts over a stand-in for a PACS."""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "labelapp" / "pacs"))
import fake_pacs
import psutil
import pydicom
from ports import free_port

from mammolens.accounts import AccountsFile
from mammolens.cli.server_process import HOST, running_server
from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.enums import Role

_SLOW_S = 2.0  # before each answer of a slow PACS
_TOLD = ("SOPClassUID", "SOPInstanceUID", "StudyDate", "Modality", "PatientID", "ViewPosition", "StudyInstanceUID")
_TOLD += ("SeriesInstanceUID", "ImageLaterality")


class Site:
    """A running server, its PACS and its accounts.

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
        self._pacs_port, self._port = free_port(), free_port()
        self._delay: Synchronized[float] = multiprocessing.Value("d", 0.0)
        self._pacs: multiprocessing.Process | None = None
        self._server = ExitStack()
        accounts = AccountsFile(folder / "users.json")
        self.tokens = []
        for number in range(users):
            accounts.add(f"reader-{number:02}", Role.ANNOTATOR, None)
            self.tokens.append(accounts.add_token(f"reader-{number:02}", "load", timedelta(days=2)))
        self.url = f"http://{HOST}:{self._port}"
        self.process: psutil.Process | None = None

    def start(self) -> None:
        """Start the server, with what it kept, and wait until it answers."""
        self._starts += 1
        variables = {
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
        """Stop both."""
        self._server.close()
        self.stop_pacs()

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

        A write fails with EFBIG instead of ENOSPC; the server treats both alike.
        """
        assert self.process is not None
        before = self.process.rlimit(resource.RLIMIT_FSIZE)
        self.process.rlimit(resource.RLIMIT_FSIZE, (0, before[1]))
        yield
        self.process.rlimit(resource.RLIMIT_FSIZE, before)

    @contextmanager
    def server_killed(self) -> Iterator[None]:
        """The server, with its ledger's database and whatever it infers, is ended by SIGKILL and started again."""
        assert self.process is not None
        self.process.kill()
        self._server.close()
        self.start()
        yield

    def faults(self) -> list[tuple[str, Callable[[], Any]]]:
        """All that can go wrong, by name."""
        return [
            ("PACS slow", self.pacs_slow),
            ("PACS down", self.pacs_down),
            ("disk full", self.disk_full),
            ("server killed", self.server_killed),
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
            key: value for key, value in header.to_json_dict().items() if pydicom.datadict.keyword_for_tag(key) in _TOLD
        }
        pacs.studies.setdefault(str(header.StudyInstanceUID), []).append(told)
        pacs.files[str(header.SOPInstanceUID)] = path.read_bytes()
    with fake_pacs.served(pacs, port=port):
        while True:
            time.sleep(3600)
