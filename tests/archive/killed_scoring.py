"""Scores an archive in one process that kills itself at a given moment: ``FOLDER RESULTS MODEL MOMENT NUMBER``.

Parts of the results are made as small as possible: each exam is one.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from mammolens.archive import exam_index, score_files
from mammolens.archive.exam_scoring import Scoring
from mammolens.archive.score import score_archive
from mammolens.archive.sources import open_archive

sys.path.insert(0, str(Path(__file__).parent))
from engines import OneByOne


def killed_before_call(number: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, except that its call with this number, from 1, kills the process."""
    calls = 0

    def called(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)

    return called


MOMENTS: dict[str, tuple[Any, str]] = {
    "index": (exam_index.IndexBuilder, "_add"),
    "index complete": (exam_index.IndexBuilder, "complete"),
    "exam": (score_files.ShardFiles, "add"),
    "part": (score_files, "_write"),  # odd numbers: of images, even ones: of exams
    "moved": (Path, "replace"),  # a file that was written gets its name
}


def main(folder: str, results: str, model: str, moment: str, number: str) -> None:
    owner, name = MOMENTS[moment]
    with (
        mock.patch.object(score_files, "_MOST_IMAGES", 1),
        mock.patch.object(exam_index, "_AT_ONCE", 2),
        mock.patch.object(owner, name, killed_before_call(int(number), getattr(owner, name))),
    ):
        score_archive(open_archive(folder), Path(results), Scoring(Path(model)), OneByOne())


if __name__ == "__main__":
    main(*sys.argv[1:])
