"""One exam on the page."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path

import streamlit as st

from mammolens.inference.presentation import PresentedExam
from mammolens.web import exam_summary
from mammolens.web.downloads import everything, file_name, records_json
from mammolens.web.exam_report import report_html, report_pdf
from mammolens.web.examples import SOURCE, Example
from mammolens.web.score_figure import ON_DARK, ON_LIGHT, alt_text, score_svg
from mammolens.web.untrusted_text import heading
from mammolens.web.viewer import show_images


def show_exam(exam: PresentedExam, title: str, folder: Path, key: str, example: Example | None = None) -> None:
    """Draw an exam: summary and cautions, images, findings, comparison with normal exams, downloads.

    Args:
        exam: to show.
        title: distinguishes it from the others.
        folder: of its files.
        key: of the exam, no other's.
        example: that it is; its known lesions are marked.
    """
    lesions = example.lesions if example else {}
    heading(title)
    verdict, cautions = st.columns([3, 2], gap="large")
    with verdict:
        _summary(exam)
        if example and example.truth:
            _truth(exam, example)
    with cautions:
        _cautions(exam)
    show_images(exam, folder, key, lesions)
    findings, normals = st.columns(2, gap="large")
    with findings:
        st.subheader("Findings", anchor=False)
        _list(exam_summary.finding_lines(exam) or [exam_summary.NO_FINDING])
    with normals:
        st.subheader("Compared with normal exams", anchor=False)
        _standing(exam)
    _downloads(exam, folder, key, SOURCE if example else "")


def _summary(exam: PresentedExam) -> None:
    asymmetry = exam_summary.asymmetry_line(exam)
    lines = [
        exam_summary.decision(exam),
        *map(exam_summary.breast_line, exam.breasts),
        *([asymmetry] if asymmetry else []),
        exam_summary.quality_line(exam),
    ]
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in lines)
    lead = f"{escape(exam_summary.score(exam))}<br>{escape(exam_summary.headline(exam))}"
    st.html(f'<div class="exam"><p class="exam-lead">{lead}</p>{paragraphs}</div>')


def _truth(exam: PresentedExam, example: Example) -> None:
    lines = exam_summary.known_lesion_lines(exam, example.lesions)
    count = f" {exam_summary.known_lesion_count(exam, example.lesions)}" if lines else ""
    st.html(f'<div class="exam"><p><b>Known:</b> {escape(example.truth)}{escape(count)}</p></div>')
    if lines:
        _list(lines)


def _cautions(exam: PresentedExam) -> None:
    if flags := exam_summary.flag_lines(exam):
        points = "".join(f"<li>{escape(flag)}</li>" for flag in flags)
        st.html(f'<div class="message warning"><p><b>Cautions</b></p><ul>{points}</ul></div>')


def _list(lines: list[str]) -> None:
    st.html('<div class="exam"><ul>' + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul></div>")


def _standing(exam: PresentedExam) -> None:
    ink = ON_DARK if st.context.theme.type == "dark" else ON_LIGHT
    picture = base64.b64encode(score_svg(exam, ink)).decode()
    text = escape(alt_text(exam), quote=True)
    st.html(f'<div class="exam"><img alt="{text}" src="data:image/svg+xml;base64,{picture}"></div>')


def _downloads(exam: PresentedExam, folder: Path, key: str, source: str) -> None:
    st.subheader("Download", anchor=False)
    with st.container(horizontal=True):
        for label, ending, kind, make in (
            ("Report, PDF", ".pdf", "application/pdf", lambda: report_pdf(exam, folder, source)),
            ("Report, HTML", ".html", "text/html", lambda: report_html(exam, folder, source)),
            ("Numbers, JSON", ".json", "application/json", lambda: records_json(exam)),
            ("Everything, zip", ".zip", "application/zip", lambda: everything(exam, folder, source)),
        ):
            st.download_button(
                label, make, file_name(exam, None, ending), kind, key=f"take{ending}-{key}", on_click="ignore"
            )
    with st.expander("Overlays and float maps by view"):
        for number, view in enumerate(exam.views):
            with st.container(horizontal=True, vertical_alignment="center"):
                name = exam_summary.of_view(view.record)
                for label, file, ending, kind in (
                    (f"Overlay of {name}, PNG", view.overlay, ".overlay.png", "image/png"),
                    (f"Float map of {name}, .nrrd", view.anomaly_map, ".anomaly.nrrd", "application/octet-stream"),
                ):
                    st.download_button(
                        label,
                        (folder / file).read_bytes,
                        file_name(exam, view, ending),
                        kind,
                        key=f"take-{number}{ending}-{key}",
                        on_click="ignore",
                    )
