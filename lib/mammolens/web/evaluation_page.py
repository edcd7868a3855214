"""The evaluation page: figures, tables and a gallery of images."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

import streamlit as st

from mammolens.datasets.formats import open_dataset
from mammolens.errors import DatasetError, InputError, MammoLensError
from mammolens.evaluation.records import SCORES_CSV
from mammolens.evaluation.report import PAGE
from mammolens.evaluation.scored_set import read_scored_set
from mammolens.models.store import pretrained_directory
from mammolens.web.backends import LocalBackend
from mammolens.web.gallery import GalleryCategory, GalleryPicture, chosen, draw
from mammolens.web.model_figures import read_model_figures
from mammolens.web.session import local_backend
from mammolens.web.settings import WebSettings
from mammolens.web.untrusted_text import show_error, warn

_FIGURE = re.compile(r"^!\[[^\]]*\]\((?P<name>[a-z]+\.png)\)$", re.MULTILINE)
_LONGER = (
    "It is not accurate enough to rely on. On machines other than those of its calibration it may flag many more "
    "normal exams: calibrate it on your own normal exams first. docs/accuracy.md and docs/results.md have the figures "
    "of other data sets; docs/web.md describes how to show an evaluation of your own here."
)
_ON_SERVER = "A MammoLens server analyses the images; its page 'Models' describes the model in use."
_NOT_EVALUATED = "This model has not been evaluated. `mammolens evaluate --record` adds its figures."


def evaluation_page(settings: WebSettings) -> None:
    """Draw the page."""
    if settings.evaluation is None:
        st.title("How well does it work?")
        _model_figures(settings)
        return
    try:
        page = _read(settings.evaluation)
    except DatasetError as error:
        show_error(error)
        return
    for part in parts_of(page, settings.evaluation):
        if isinstance(part, Path):
            _figure(part.read_bytes(), "png", f"Figure: {part.stem}; the tables above contain its numbers")
        else:
            st.markdown(part)
    if settings.images is not None:
        _gallery(settings, settings.evaluation, settings.images)


def _model_figures(settings: WebSettings) -> None:
    if settings.server:
        st.markdown(_ON_SERVER)
        return
    try:
        figures = read_model_figures(settings.model or pretrained_directory())
    except MammoLensError as error:
        show_error(error)
        return
    if figures is None:
        st.markdown(_NOT_EVALUATED)
        return
    cells = "".join(
        f'<tr><th scope="row">{escape(question)}</th><td>{escape(answer)}</td><td>{escape(interval)}</td></tr>'
        for question, answer, interval in figures.rows
    )
    st.html(
        f"<p>Tested on {escape(figures.dataset)}: {figures.normal_patients} patients without and "
        f"{figures.abnormal_patients} patients with an abnormality.</p>"
        '<table class="figures"><thead><tr><th></th><th scope="col">Result</th><th scope="col">95 % interval</th></tr>'
        f"</thead><tbody>{cells}</tbody></table>"
        f'<p>{escape(_LONGER)}</p><p class="small">Model {escape(figures.model)}</p>'
    )


def parts_of(page: str, folder: Path) -> Iterator[str | Path]:
    """Text and the figures between, in their order; a figure that is not in the folder is left out."""
    end = 0
    for figure in _FIGURE.finditer(page):
        if text := page[end : figure.start()].strip():
            yield _without_pictures(text)
        if (path := folder / figure["name"]).is_file():
            yield path
        end = figure.end()
    if text := page[end:].strip():
        yield _without_pictures(text)


def _without_pictures(text: str) -> str:
    """Text without pictures: names of data sets and files may contain anything, and browsers must not fetch them."""
    return text.replace("![", r"\!\[")


def _read(folder: Path) -> str:
    try:
        return (folder / PAGE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text file"
        raise DatasetError(
            folder / PAGE, f"cannot be read ({reason})", "give the output folder of `mammolens evaluate`"
        ) from error


def _gallery(settings: WebSettings, evaluation: Path, images: Path) -> None:
    st.header("Gallery", anchor=False)
    st.markdown(
        "Left: the image with its marked lesions, if known. Right: the overlay from the first heat level on. "
        "One image per patient. These are patient images: handle them accordingly."
    )
    size = st.slider("Pictures per category", 1, 12, 4)
    if not st.toggle("Show the gallery", help="Each image is analysed again, from the data set given by --images."):
        return
    scores = evaluation / SCORES_CSV
    try:
        backend = local_backend(settings.model)
        pictures, evaluated, problems = _drawn(scores, _written(scores), images, backend.model_id, size, backend)
    except MammoLensError as error:
        show_error(error)
        return
    for problem in problems:
        warn(problem)
    if evaluated != backend.model_id:
        warn(f"The figures above belong to another model; these pictures are by {backend.model_id}.")
    for outcome in GalleryCategory:
        members = [picture for picture in pictures if picture.outcome is outcome]
        st.subheader(outcome, anchor=False)
        if not members:
            st.markdown("None.")
        for picture, column in zip(members, _columns(len(members)), strict=True):
            with column:
                _figure(picture.jpeg, "jpeg", picture.caption, shown=True)


@st.cache_data(show_spinner="Drawing", max_entries=4)
def _drawn(
    scores: Path, written: int | None, images: Path, model: str, size: int, _backend: LocalBackend
) -> tuple[list[GalleryPicture], str, list[str]]:
    """Pictures, the id of the evaluated model, and what could not be drawn.

    ``written`` and ``model`` identify evaluation and backend in the cache. Nothing is drawn on the page here, because a
    cached call would not draw it again.
    """
    scored = read_scored_set(scores)
    pictures: list[GalleryPicture] = []
    problems: list[str] = []
    with _backend.alone() as predictor:
        for picture in draw(chosen(scored.images, size), open_dataset(images), predictor):
            if isinstance(picture, InputError):
                problems.append(str(picture))
            else:
                pictures.append(picture)
    return pictures, scored.model, problems


def _written(file: Path) -> int | None:
    """When, in nanoseconds; ``None`` where it is not there."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return None


def _columns(count: int) -> Iterator[st.delta_generator.DeltaGenerator]:
    for start in range(0, count, 2):
        yield from st.columns(2)[: count - start]


def _figure(content: bytes, kind: str, words: str, *, shown: bool = False) -> None:
    """A picture with words for those who cannot see it; ``shown``: for everybody."""
    picture = base64.b64encode(content).decode()
    said = escape(words, quote=True)
    caption = f"<figcaption>{said}</figcaption>" if shown else ""
    st.html(f'<figure class="paper"><img alt="{said}" src="data:image/{kind};base64,{picture}">{caption}</figure>')
