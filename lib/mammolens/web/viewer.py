"""The images of an exam on the page: a component of the browser, and what it is given."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import streamlit as st
from PIL import Image

from mammolens.datasets.base import Lesion
from mammolens.dicom.derived.levels import colours_of
from mammolens.inference.exam_text import image_sentence, level_text, view_name
from mammolens.inference.finding_text import describe_findings
from mammolens.inference.presentation import PresentedExam, PresentedView

_COMPONENT: Final = "mammolens.viewer"  # declared in lib/mammolens/pyproject.toml, with the folder of its files


def show_images(
    exam: PresentedExam, folder: Path, key: str, lesions: Mapping[str, Sequence[Lesion]] = MappingProxyType({})
) -> None:
    """Draw the viewer; what a person has set in it stays as long as ``key`` does."""
    html = (files("mammolens") / "browser" / "viewer" / "viewer.html").read_text(encoding="utf-8")
    component = st.components.v2.component(_COMPONENT, html=html, css="viewer/viewer.css", js="viewer/viewer.js")
    component(key=f"viewer-{key}", data=viewer_data(exam, folder, key, lesions))


def viewer_data(
    exam: PresentedExam, folder: Path, key: str, lesions: Mapping[str, Sequence[Lesion]] = MappingProxyType({})
) -> dict[str, Any]:
    """What the component draws, as JSON: pictures as data URIs, outlines in pixels of the picture.

    Args:
        exam: to show.
        folder: of its files.
        key: of the exam, no other's.
        lesions: known lesions to outline, by the name of the file.
    """
    record = exam.of_exam
    colours = zip(record.levels, colours_of(len(record.levels)), strict=True)
    return {
        "exam": key,
        "levels": [
            {"name": name, "colour": f"rgb{colour}", "meaning": level_text(record.level_shares[name])}
            for name, colour in colours
        ],
        "views": [
            _view_data(view, numbers, folder, lesions.get(view.record.path, ()))
            for view, numbers in zip(exam.views, exam.finding_numbers, strict=True)
        ],
    }


def _view_data(view: PresentedView, numbers: Sequence[int], folder: Path, lesions: Sequence[Lesion]) -> dict[str, Any]:
    record = view.record
    with Image.open(folder / view.image) as picture:
        width, height = picture.size

    def scaled(outline: Sequence[tuple[float, float]]) -> list[list[float]]:
        across, down = width / record.columns, height / record.rows
        return [[round((x + 0.5) * across, 1), round((y + 0.5) * down, 1)] for x, y in outline]

    findings = describe_findings(record, numbers)
    said = image_sentence(record)
    return {
        "name": view_name(record.laterality, record.view),
        "percentile": said,
        "described": f"{said} Findings: {'; '.join(findings) or 'none'}.",
        "width": width,
        "height": height,
        "image": _uri(folder / view.image),
        "network_input": _uri(folder / view.network_input),
        "reconstruction": _uri(folder / view.reconstruction),
        "heat": {level: _uri(folder / name) for level, name in view.heat.items()},
        "findings": [
            {"number": number, "outline": scaled(finding.contour)}
            for number, finding in zip(numbers, record.findings, strict=True)
        ],
        "known": [scaled(lesion.outline()) for lesion in lesions],
    }


def _uri(path: Path) -> str:
    kind = "png" if path.suffix == ".png" else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
