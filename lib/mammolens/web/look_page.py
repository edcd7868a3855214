"""Drop mammograms, see where they deviate."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import streamlit as st

from mammolens.errors import DatasetError, MammoLensError
from mammolens.inference.presentation import Presentation, Problem
from mammolens.web import words
from mammolens.web.exam_view import show_exam
from mammolens.web.examples import SOURCE, Example, examples
from mammolens.web.foreign_text import say_small, tell_error, warn
from mammolens.web.receiving import Dropped, NamedFile, receive
from mammolens.web.session import judge_of, session_workplace
from mammolens.web.settings import WebSettings
from mammolens.web.unpacking import Allowance

_SHOWN, _EXAMPLE, _UPLOADER = "shown", "example", "uploader"
_MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Shown:
    """What this session looks at.

    Attributes:
        key: tells drops apart.
        presentation: what was judged.
        folder: of its files.
        source: where the images come from, if that is known.
    """

    key: str
    presentation: Presentation
    folder: Path
    source: str = ""


def look_page(settings: WebSettings) -> None:
    """Draw the page."""
    st.title("See where a mammogram deviates from normal")
    st.markdown(
        "Drop one or several mammograms, or a whole exam. "
        "Each is compared with what a model learned from normal mammograms. " + words.MEANING
    )
    drops = st.file_uploader(
        "Mammograms: DICOM, PNG or JPEG, or a zip archive of them",
        accept_multiple_files=True,
        key=f"{_UPLOADER}-{st.session_state.get(_UPLOADER, 0)}",
        on_change=_dropped_anew,
        max_upload_size=settings.max_upload_mb,
        help="They are judged "
        + (
            "by the server that this page was started with"
            if settings.server
            else "on the computer that runs this page"
        )
        + ", and removed when you close the page.",
    )
    example = _chosen_example()
    try:
        shown = _shown(settings, drops, example)
    except MammoLensError as error:
        tell_error(error)
        return
    if shown is None:
        return
    _tell_problems(shown.presentation.problems)
    if not shown.presentation.exams:
        return
    exams = sorted(shown.presentation.exams, key=lambda exam: -exam.of_exam.exam_percentile)
    titles = words.exam_titles(exams)
    number = 0
    if len(exams) > 1:
        number = st.selectbox(
            f"Exam, of {len(exams)}; the most anomalous first",
            range(len(exams)),
            format_func=titles.__getitem__,
            key=f"exam-{shown.key}",
        )
    show_exam(exams[number], titles[number], shown.folder, f"{shown.key}-{number}", shown.source)


def _chosen_example() -> Example | None:
    try:
        known = examples()
    except DatasetError as error:
        say_small(f"Examples are not there: {error}.")
        return None
    with st.container(horizontal=True, vertical_alignment="center"):
        for number, example in enumerate(known):
            st.button(example.name, on_click=_choose_example, args=(number,))
        say_small(f"Real exams on film: {SOURCE.partition('. ')[0]}")
    chosen: int | None = st.session_state.get(_EXAMPLE)
    if chosen is None:
        return None
    say_small(SOURCE)
    return known[chosen]


def _choose_example(number: int) -> None:
    st.session_state[_EXAMPLE] = number
    st.session_state[_UPLOADER] = st.session_state.get(_UPLOADER, 0) + 1  # an uploader of another key is an empty one


def _dropped_anew() -> None:
    st.session_state[_EXAMPLE] = None
    _forget_shown()


def _forget_shown() -> None:
    shown: Shown | None = st.session_state.pop(_SHOWN, None)
    if shown is not None:
        shutil.rmtree(shown.folder, ignore_errors=True)


def _shown(settings: WebSettings, drops: Iterable[object], example: Example | None) -> Shown | None:
    """What was judged of these files, anew only where they are others than before.

    Without any, what was there before: the uploader forgets its files when another page is looked at.
    """
    files = cast("list[Dropped]", list(drops))
    shown: Shown | None = st.session_state.get(_SHOWN)
    key = example.name if example else _key_of(files)
    if not key or (shown is not None and shown.key == key):
        return shown
    _forget_shown()
    with ExitStack() as opened:
        if example is not None:
            files = [opened.enter_context(NamedFile(path)) for path in example.files]
        shown = _judged(settings, files, key, SOURCE if example else "")
    st.session_state[_SHOWN] = shown
    return shown


def _key_of(files: Iterable[Dropped]) -> str:
    ids = "".join(str(getattr(file, "file_id", file.name)) for file in files)
    return hashlib.sha256(ids.encode()).hexdigest()[:16] if ids else ""


def _judged(settings: WebSettings, files: Iterable[Dropped], key: str, source: str) -> Shown:
    workplace = session_workplace(settings.scratch)
    folder = workplace.new_folder()
    originals, results = folder / "originals", folder / "results"
    bar, doing = st.progress(0.0, text="Reading what was dropped"), st.empty()

    def tell(done: int, total: int, name: str) -> None:
        bar.progress(done / max(1, total), text=f"Judging: {done} of {total} images done")
        with doing:
            say_small(name)

    try:
        judge = judge_of(settings)
        received = receive(files, originals, Allowance(settings.max_images, settings.max_unpacked_mb * _MB))
        tell(0, len(received.files), "starting")
        presentation = judge.judge(received.files, results, tell)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, MammoLensError):
            bar.empty()
            doing.empty()
        raise
    finally:
        shutil.rmtree(originals, ignore_errors=True)
        workplace.settle()
    bar.empty()
    doing.empty()
    problems = [*received.problems, *presentation.problems]
    return Shown(key, presentation.model_copy(update={"problems": problems}), results, source)


def _tell_problems(problems: list[Problem]) -> None:
    if not problems:
        return
    files = "file" if len(problems) == 1 else "files"
    points = [(one.name, f"{one.reason}. To do: {one.remedy}.") for one in problems]
    warn(f"{len(problems)} {files} could not be judged:", points)
