"""The upload page: analyse dropped mammograms."""

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
from mammolens.web import exam_summary
from mammolens.web.exam_view import show_exam
from mammolens.web.examples import SOURCE, Example, examples
from mammolens.web.session import backend_for, session_folder
from mammolens.web.settings import WebSettings
from mammolens.web.unpacking import UploadLimits
from mammolens.web.untrusted_text import show_error, show_note, warn
from mammolens.web.uploads import NamedFile, UploadedFile, save_uploads

_SHOWN, _EXAMPLE, _UPLOADER = "shown", "example", "uploader"
_MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Shown:
    """What this session shows.

    Attributes:
        key: identifies the uploaded files.
        presentation: the results.
        folder: of its files.
        example: whose images these are; ``None``: uploaded ones.
    """

    key: str
    presentation: Presentation
    folder: Path
    example: Example | None = None


def upload_page(settings: WebSettings) -> None:
    """Draw the page."""
    st.title("See where a mammogram deviates from normal")
    st.markdown(
        "Upload one or more mammograms, or a whole exam. "
        "The model compares each with the normal mammograms it was trained on. " + exam_summary.MEANING
    )
    uploads = st.file_uploader(
        "Mammograms: DICOM, PNG or JPEG, or a zip archive of them",
        accept_multiple_files=True,
        key=f"{_UPLOADER}-{st.session_state.get(_UPLOADER, 0)}",
        on_change=_files_changed,
        max_upload_size=settings.max_upload_mb,
        help="Images are analysed "
        + ("by the configured MammoLens server" if settings.server else "on the computer that runs this page")
        + " and deleted when you close the page.",
    )
    example = _chosen_example()
    try:
        shown = _shown(settings, uploads, example)
    except MammoLensError as error:
        show_error(error)
        return
    if shown is None:
        return
    _tell_problems(shown.presentation.problems)
    if not shown.presentation.exams:
        return
    exams = exam_summary.most_anomalous_first(shown.presentation.exams)
    titles = exam_summary.exam_titles(exams)
    number = 0
    if len(exams) > 1:
        number = st.selectbox(
            f"Exam ({len(exams)} in all, most anomalous first)",
            range(len(exams)),
            format_func=titles.__getitem__,
            key=f"exam-{shown.key}",
        )
    show_exam(exams[number], titles[number], shown.folder, f"{shown.key}-{number}", shown.example)


def _chosen_example() -> Example | None:
    try:
        known = examples()
    except DatasetError as error:
        show_note(f"Examples are not available: {error}.")
        return None
    with st.container(horizontal=True, vertical_alignment="center"):
        for number, example in enumerate(known):
            st.button(example.name, on_click=_choose_example, args=(number,))
        show_note(f"Real exams, digitised film: {SOURCE.partition('. ')[0]}")
    chosen: int | None = st.session_state.get(_EXAMPLE)
    if chosen is None:
        return None
    show_note(SOURCE)
    return known[chosen]


def _choose_example(number: int) -> None:
    st.session_state[_EXAMPLE] = number
    st.session_state[_UPLOADER] = st.session_state.get(_UPLOADER, 0) + 1  # an uploader of another key is an empty one


def _files_changed() -> None:
    st.session_state[_EXAMPLE] = None
    _forget_shown()


def _forget_shown() -> None:
    shown: Shown | None = st.session_state.pop(_SHOWN, None)
    if shown is not None:
        shutil.rmtree(shown.folder, ignore_errors=True)


def _shown(settings: WebSettings, uploads: Iterable[object], example: Example | None) -> Shown | None:
    """The results of these files, computed only if the files have changed.

    Without uploads, the previous one: the uploader loses its files when another page is opened.
    """
    files = cast("list[UploadedFile]", list(uploads))
    shown: Shown | None = st.session_state.get(_SHOWN)
    key = example.name if example else _key_of(files)
    if not key or (shown is not None and shown.key == key):
        return shown
    _forget_shown()
    with ExitStack() as opened:
        if example is not None:
            files = [opened.enter_context(NamedFile(path)) for path in example.files]
        shown = _analysed(settings, files, key, example)
    st.session_state[_SHOWN] = shown
    return shown


def _key_of(files: Iterable[UploadedFile]) -> str:
    ids = "".join(str(getattr(file, "file_id", file.name)) for file in files)
    return hashlib.sha256(ids.encode()).hexdigest()[:16] if ids else ""


def _analysed(settings: WebSettings, files: Iterable[UploadedFile], key: str, example: Example | None) -> Shown:
    session = session_folder(settings.scratch)
    folder = session.new_folder()
    originals, results = folder / "originals", folder / "results"
    bar, doing = st.progress(0.0, text="Reading the uploaded files"), st.empty()

    def on_progress(done: int, total: int, name: str) -> None:
        bar.progress(done / max(1, total), text=f"Analysed {done} of {total} images")
        with doing:
            show_note(name)

    try:
        backend = backend_for(settings)
        uploads = save_uploads(files, originals, UploadLimits(settings.max_images, settings.max_unpacked_mb * _MB))
        on_progress(0, len(uploads.files), "starting")
        presentation = backend.infer(uploads.files, results, on_progress)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, MammoLensError):
            bar.empty()
            doing.empty()
        raise
    finally:
        shutil.rmtree(originals, ignore_errors=True)
        session.remove_leftovers()
    bar.empty()
    doing.empty()
    problems = [*uploads.problems, *presentation.problems]
    return Shown(key, presentation.model_copy(update={"problems": problems}), results, example)


def _tell_problems(problems: list[Problem]) -> None:
    if not problems:
        return
    files = "file" if len(problems) == 1 else "files"
    points = [(one.name, f"{one.reason}. Remedy: {one.remedy}.") for one in problems]
    warn(f"{len(problems)} {files} could not be analysed:", points)
