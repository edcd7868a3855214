"""A PACS as the command line reaches it: by a child process, since only that may import MONAI Label."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mammolens.cli.signals import child
from mammolens.diagnostics.results import Check, passed
from mammolens.errors import InputError, PacsError, ServerError

if TYPE_CHECKING:
    from mammolens.archive.sources import ArchiveSource
    from mammolens.inspection.sources import ImageSource, SourceImage

PACS_GROUP: Final = "PACS"
OnImage = Callable[[int], None]
Uids = list[str]


class PacsProcess:
    """Asks ``python -m mammolens.labelapp.pacs``.

    Args:
        url: DICOMweb address.
        process: that answers.
    """

    def __init__(self, url: str, process: subprocess.Popen[bytes]) -> None:
        self.url = url
        self._process = process

    def ask(self, question: str, **more: object) -> Any:
        """The answer to one question.

        Raises:
            InputError: an image that the PACS does not give.
            PacsError: the PACS does not answer.
            ServerError: the process ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"ask": question, **more}).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise ServerError(self.url, "the program that queries the PACS ended", "see the lines above")
        reply = json.loads(line)
        if error := reply.get("error"):
            kind = InputError if error["kind"] == "image" else PacsError
            raise kind(error["source"], error["reason"], error["remedy"])
        return reply["answer"]


@contextmanager
def pacs_process(url: str) -> Iterator[PacsProcess]:
    """Start the process, and end it afterwards.

    Raises:
        ServerError: MONAI Label is not installed.
    """
    if find_spec("monailabel") is None:
        raise ServerError("monailabel", "is not installed", "run 'make install', or pip install 'mammolens[server]'")
    command = [sys.executable, "-m", "mammolens.labelapp.pacs", url]
    with child(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as process:
        yield PacsProcess(url, process)


def check_pacs(url: str) -> Iterator[Check]:
    """Whether a PACS answers a search.

    Raises:
        MammoLensError: it does not.
    """
    with pacs_process(url) as pacs:
        yield passed(PACS_GROUP, url, f"answers; {pacs.ask('studies')} studies with mammograms")


@contextmanager
def pacs_source(url: str, on_header: OnImage) -> Iterator[ImageSource]:
    """The mammograms of a PACS: all headers, and each file while it is inspected.

    Args:
        url: DICOMweb address.
        on_header: called after each header with the number of all.

    Raises:
        PacsError: it does not answer.
        ServerError: MONAI Label is not installed.
    """
    from mammolens.inspection.sources import ImageSource

    with pacs_process(url) as pacs, tempfile.TemporaryDirectory(prefix="mammolens-inspect-") as place:
        listed: dict[str, Uids] = {uids[-1]: uids for uids in pacs.ask("list")}

        @contextmanager
        def fetched(image: SourceImage) -> Iterator[Path]:
            path = image.path.with_suffix(".whole.dcm")
            pacs.ask("file", uids=listed[image.name], path=str(path))
            try:
                yield path
            finally:
                path.unlink()

        images = []
        for number, uids in enumerate(listed.values()):
            images.append(_described(pacs, uids, Path(place) / f"{number}.dcm"))
            on_header(len(listed))
        yield ImageSource(url, "dicomweb", tuple(images), open=fetched)


@contextmanager
def pacs_archive(url: str) -> Iterator[ArchiveSource]:
    """The mammograms of a PACS, to be scored; an image is called by its SOP Instance UID.

    Args:
        url: DICOMweb address.

    Raises:
        PacsError: it does not answer.
        ServerError: MONAI Label is not installed.
    """
    from mammolens.archive.exam_index import ListedImage
    from mammolens.archive.sources import ArchiveSource

    with pacs_process(url) as pacs:

        def images() -> Iterator[ListedImage]:
            for uids in sorted(pacs.ask("list")):
                yield ListedImage(uids[-1], "/".join(uids))

        def fetch(location: str, path: Path, *, header_only: bool) -> None:
            pacs.ask("header" if header_only else "file", uids=location.split("/"), path=str(path))

        yield ArchiveSource(url, images, fetch)


def _described(pacs: PacsProcess, uids: Uids, path: Path) -> SourceImage:
    from mammolens.inspection.sources import SourceImage

    try:
        syntax = pacs.ask("header", uids=uids, path=str(path))
    except InputError as error:
        return SourceImage(path, uids[-1], refusal=error)
    return SourceImage(path, uids[-1], transfer_syntax_uid=syntax or "")
