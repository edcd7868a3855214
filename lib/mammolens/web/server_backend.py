"""Inference by a MammoLens server, which keeps nothing."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

import requests

from mammolens.dicom.reader import read_header
from mammolens.errors import InputError, ServerError
from mammolens.inference.presentation import OnProgress, Presentation, PresentedExam, Problem, problem_of
from mammolens.loopback import proxies_for
from mammolens.types import ExamKey

_ROUTE = "/mammolens/present"
_CONNECT_S, _ANSWER_S = 10.0, 600.0


class ServerBackend:
    """Sends exam by exam to a server.

    Args:
        url: of the server.
        token: a bearer token, where the server asks who one is.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url = url.rstrip("/") + _ROUTE
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def infer(self, files: Mapping[Path, str], folder: Path, on_progress: OnProgress) -> Presentation:
        """As :func:`~mammolens.inference.presentation.present`; an exam that the server refuses is a problem.

        Raises:
            ServerError: it answers none of the exams, or not as expected.
        """
        exams, problems = _by_exam(files)
        presented: list[PresentedExam] = []
        refusals: list[ServerError] = []
        done = len(problems)
        for number, members in enumerate(exams, 1):
            on_progress(done, len(files), "waiting for the server")
            try:
                answer = self._analysed(members, folder / f"{number:03d}")
            except ServerError as error:
                refusals.append(error)
                problems += [_refused(name, error) for name in members.values()]
            else:
                presented += [exam.within(f"{number:03d}") for exam in answer.exams]
                problems += answer.problems
            done += len(members)
            on_progress(done, len(files), next(reversed(members.values())))
        if refusals and len(refusals) == len(exams):
            raise refusals[0]
        return Presentation(exams=presented, problems=problems)

    def _analysed(self, files: Mapping[Path, str], folder: Path) -> Presentation:
        with ExitStack() as opened:
            parts = [("files", (name, opened.enter_context(path.open("rb")))) for path, name in files.items()]
            try:
                answer = requests.post(
                    self._url,
                    files=parts,
                    headers=self._headers,
                    proxies=proxies_for(self._url),
                    timeout=(_CONNECT_S, _ANSWER_S),
                )
            except requests.RequestException as error:
                raise ServerError(
                    self._url, "does not answer", "start it with 'mammolens serve', or correct --server"
                ) from error
        if answer.status_code != requests.codes.ok:
            raise ServerError(self._url, f"answers {answer.status_code}: {_detail(answer)}", "see the server's log")
        return _unpacked(answer.content, folder, self._url)


def _by_exam(files: Mapping[Path, str]) -> tuple[list[dict[Path, str]], list[Problem]]:
    exams: dict[ExamKey, dict[Path, str]] = {}
    problems = []
    for path, name in files.items():
        try:
            exams.setdefault(read_header(path).exam_key, {})[path] = name
        except InputError as error:
            problems.append(problem_of(error, files))
    return list(exams.values()), problems


def _refused(name: str, error: ServerError) -> Problem:
    return Problem(name=name, reason=f"the server {error.reason}", remedy=error.remedy)


def _unpacked(content: bytes, folder: Path, url: str) -> Presentation:
    folder.mkdir(parents=True)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                (folder / PurePosixPath(name).name).write_bytes(archive.read(name))
        return Presentation.load(folder)
    except (zipfile.BadZipFile, InputError) as error:
        raise ServerError(
            url, "sent an answer that this version cannot read", "use the same version on both sides"
        ) from error


def _detail(answer: requests.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return answer.reason
