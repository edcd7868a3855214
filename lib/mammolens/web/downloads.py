"""Downloads of an exam."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from mammolens.inference.exam_text import patient_text
from mammolens.inference.outputs import RESULTS
from mammolens.inference.presentation import PresentedExam, PresentedView
from mammolens.names import safe_file_name
from mammolens.web import exam_summary
from mammolens.web.exam_report import report_html, report_pdf


def records_json(exam: PresentedExam) -> str:
    """The numbers of all images, a list of `AnomalyRecord`."""
    return json.dumps([view.record.model_dump(mode="json") for view in exam.views], indent=2, ensure_ascii=False) + "\n"


def everything(exam: PresentedExam, folder: Path, source: str = "") -> bytes:
    """A zip archive of the overlays, float maps, numbers and both reports."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for view in exam.views:
            # PNG and compressed .nrrd do not become smaller.
            archive.write(folder / view.overlay, file_name(exam, view, ".overlay.png"), zipfile.ZIP_STORED)
            archive.write(folder / view.anomaly_map, file_name(exam, view, ".anomaly.nrrd"), zipfile.ZIP_STORED)
        lines = "".join(view.record.model_dump_json() + "\n" for view in exam.views)
        archive.writestr(RESULTS, lines)
        archive.writestr("report.html", report_html(exam, folder, source))
        archive.writestr("report.pdf", report_pdf(exam, folder, source))
    return content.getvalue()


def file_name(exam: PresentedExam, view: PresentedView | None, ending: str) -> str:
    """A name for a download: the dropped file's name and its position in the exam, so that names are unique."""
    if view is None:
        return safe_file_name(f"{patient_text(exam.patient)}{ending}")
    stem = Path(safe_file_name(view.record.path)).stem
    return f"{exam.views.index(view) + 1}-{stem}-{exam_summary.of_view(view.record).replace(' ', '-')}{ending}"
