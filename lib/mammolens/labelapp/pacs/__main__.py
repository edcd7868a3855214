"""Answers the command line's questions about a PACS: ``python -m mammolens.labelapp.pacs URL``.

The command line imports no MONAI Label, whose settings say how to reach a PACS, so it starts this program. Each line
of stdin is a question, each line of stdout its answer, both JSON: ``{"ask": "studies"}`` counts the studies with
mammograms; ``"list"`` gives the UIDs of the mammograms; ``"header"`` and ``"file"`` write one of them to ``path``,
without or with its pixels. ``{"error": ...}`` has kind, source, reason and remedy. The program ends with its stdin.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

from monailabel.config import settings

from mammolens.errors import InputError, MammoLensError
from mammolens.labelapp.monailabel_settings import apply_mammography
from mammolens.labelapp.pacs.access import access_to
from mammolens.labelapp.pacs.archive import Instance, Pacs

Question = Mapping[str, Any]


def answer(pacs: Pacs, question: Question) -> Any:
    """The answer to one question.

    Raises:
        PacsError: no answer of the PACS, or one that cannot be understood.
        InputError: what it holds under a UID is not DICOM.
        UnknownImageError: the PACS has the image no more.
    """
    answers: dict[str, Callable[[], Any]] = {
        "studies": pacs.count_studies,
        "list": lambda: [
            [one.study_instance_uid, one.series_instance_uid, one.sop_instance_uid] for one in pacs.instances()
        ],
        "header": lambda: pacs.fetch_header(_instance(question), Path(question["path"])),
        "file": lambda: pacs.fetch(_instance(question), Path(question["path"])),
    }
    return answers[question["ask"]]()


def serve(url: str, questions: TextIO, answers: TextIO) -> None:
    """Answer each question until there is none."""
    pacs: Pacs | None = None
    for line in questions:
        try:
            if pacs is None:
                apply_mammography(settings)
                pacs = Pacs(access_to(url, settings), settings.MONAI_LABEL_DICOMWEB_SEARCH_FILTER)
            reply = {"answer": answer(pacs, json.loads(line))}
        except MammoLensError as error:
            kind = "image" if isinstance(error, InputError | LookupError) else "pacs"
            reply = {"error": {"kind": kind, "source": error.source, "reason": error.reason, "remedy": error.remedy}}
        answers.write(json.dumps(reply) + "\n")
        answers.flush()


def _instance(question: Question) -> Instance:
    study, series, instance = question["uids"]
    return Instance(instance, series, study)


if __name__ == "__main__":
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as own:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # output that a library prints is not an answer
        serve(sys.argv[1], sys.stdin, own)
