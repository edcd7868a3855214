"""A worklist as one HTML file: exams to sort and filter, triage, distributions by machine and month."""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from importlib.resources import files
from typing import Any, Final

import numpy as np
import pyarrow as pa
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from mammolens.archive.worklist import Worklist
from mammolens.evaluation.canvas import FAINT, canvas, finish, line, png
from mammolens.inference.exam_text import patient_text, view_name
from mammolens.inspection.tables import TextTable
from mammolens.report_page import render_page
from mammolens.types import ExamKey

_SCRIPT: Final = "browser/reports/sortable-table.js"
_WITH_PICTURES: Final = 200  # exams: a view's two pictures take about 20 KB
_UNKNOWN: Final = "unknown"
_TOP_TENTH: Final = 90.0  # percentile of normal exams: a score of 10
_QUARTILES: Final = [25, 50, 75]


def worklist_page(worklist: Worklist, csv_name: str, most: int) -> str:
    """The page as text; every text is escaped.

    Args:
        worklist: with at least one exam.
        csv_name: of the file that has all exams.
        most: exams in the page's table.
    """
    manifest, scored = worklist.manifests[0], worklist.exams.filter(worklist.exams["exam_p_value"].is_valid())
    percentiles = np.asarray(scored["exam_percentile"].to_numpy(), np.float64)
    flagged = np.asarray(scored["exam_is_anomalous"].to_numpy(zero_copy_only=False), bool)
    failures = worklist.failures()
    tables = [
        _distribution("Machines", "machine", scored["acquisition_group"].to_pylist(), percentiles, flagged),
        _distribution("Months", "month", _months(scored["study_date"]), percentiles, flagged),
        TextTable(
            "Images without a score",
            "Each is a row of the folder 'images', with reason and remedy.",
            ("reason", "images"),
            tuple((kind.replace("_", " "), str(count)) for kind, count in failures.most_common()),
        ),
    ]
    shown = _shown(worklist, most)
    script = files("mammolens").joinpath(_SCRIPT).read_text(encoding="utf-8")
    triage_text = _triage_text(percentiles)
    missing = worklist.missing_shards
    return render_page(
        "mammolens.archive",
        "worklist.html.j2",
        title="Worklist",
        summary=f"{manifest.source}, scored by {manifest.model}, calibration {manifest.calibration}."
        + (f" Incomplete: {len(missing)} of {manifest.shards} shards are not finished." if missing else ""),
        cards=[
            ("exams", str(worklist.exams.num_rows)),
            ("exams with a score", str(scored.num_rows)),
            ("flagged exams", str(int(flagged.sum()))),
            ("images without a score", str(failures.total())),
        ],
        links=[
            ("exams", "Exams"),
            ("triage", "Triage"),
            *((f"s{number}", table.heading) for number, table in enumerate(tables, 1)),
        ],
        exams=shown,
        pictures=any(view["picture"] for exam in shown for view in exam["views"]),
        total=worklist.exams.num_rows,
        csv=csv_name,
        triage=_data_uri(png(triage_figure(percentiles)), "png"),
        triage_text=triage_text,
        tables=tables,
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def triage_figure(percentiles: NDArray[np.float64]) -> Figure:
    """Share of exams at or above each percentile, beside what the calibration's normal exams would give.

    Args:
        percentiles: ``(exams,)``, each in [0, 100].
    """
    figure, axes = canvas("Triage of exams", 6.4, 5.4)
    thresholds = np.linspace(0, 100, 101)
    above = [float(np.mean(percentiles >= threshold)) if len(percentiles) else 0.0 for threshold in thresholds]
    axes.plot(thresholds, 1 - thresholds / 100, color=FAINT, linewidth=0.8, label="normal exams of the calibration")
    axes.plot(thresholds, above, label=f"this archive ({len(percentiles)} exams)", **line(0))
    axes.set(xlabel="Percentile from which exams are read", ylabel="Share of exams to read", xlim=(0, 100))
    axes.set(ylim=(0, 1.005))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    finish(figure, axes)
    return figure


def _triage_text(percentiles: NDArray[np.float64]) -> str:
    share = 100 * float(np.mean(percentiles >= _TOP_TENTH)) if len(percentiles) else 0.0
    expected = 100 - _TOP_TENTH
    return (
        f"{share:.1f} % of the exams with a score lie at or above the {_TOP_TENTH:g}th percentile of normal "
        f"exams; {expected:g} % are expected if all are normal and come from machines like those of the calibration. "
        "The truth of these exams is not known, so this shows how much is to be read, not how much is missed."
    )


def _distribution(
    heading: str, unit: str, groups: list[str | None], percentiles: NDArray[np.float64], flagged: NDArray[np.bool_]
) -> TextTable:
    """A row per machine or month; a group far from the others suggests a calibration that does not fit it."""
    members: dict[str, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        members[group or _UNKNOWN].append(place)
    rows = []
    for group, places in sorted(members.items()):
        quartiles = np.percentile(percentiles[places], _QUARTILES)
        share = 100 * float(np.mean(flagged[places]))
        rows.append((group, str(len(places)), f"{share:.1f} %", *(f"{value:.0f}" for value in quartiles)))
    note = (
        "Percentiles of normal exams: 25, 50 and 75 are expected as quartiles. "
        f"A {unit} far from this needs a calibration of its own."
    )
    return TextTable(
        heading, note, (unit, "exams", "flagged", "first quartile", "median", "third quartile"), tuple(rows)
    )


def _months(dates: pa.ChunkedArray) -> list[str | None]:
    return [None if date is None else f"{date:%Y-%m}" for date in dates.to_pylist()]


def _shown(worklist: Worklist, most: int) -> list[dict[str, Any]]:
    rows = worklist.exams.slice(0, most).to_pylist()
    keys: list[ExamKey] = [(row["patient"], row["exam"]) for row in rows]
    pictures = _pictures(worklist, keys[:_WITH_PICTURES]) if worklist.manifests[0].thumbnails else {}
    return [_exam(row, pictures.get(key)) for row, key in zip(rows, keys, strict=True)]


def _exam(row: dict[str, Any], views: list[dict[str, str]] | None) -> dict[str, Any]:
    percentile, score = row["exam_percentile"], row["exam_score"]
    return {
        "patient": patient_text(row["patient"]),
        "exam": row["exam"],
        "date": row["study_date"] or "",
        "percentile": "no score" if percentile is None else int(percentile),
        "percentile_key": -1 if percentile is None else percentile,
        "score": "" if score is None else f"{score:.3g}",
        "score_key": -1e9 if score is None else score,
        "flagged": bool(row["exam_is_anomalous"]),
        "machine": row["acquisition_group"] or "",
        "views": views or [{"name": name, "picture": "", "overlay": ""} for name in row["views"]],
        "failed": row["images_failed"],
        "quality_flags": ", ".join(flag.replace("_", " ") for flag in row["quality_flags"]),
    }


def _pictures(worklist: Worklist, exams: list[ExamKey]) -> dict[ExamKey, list[dict[str, str]]]:
    found: dict[ExamKey, list[dict[str, str]]] = {key: [] for key in exams}
    for row in worklist.images_of(found, ["laterality", "view", "thumbnail", "thumbnail_overlay"]):
        found[row["patient"], row["exam"]].append(
            {
                "name": view_name(row["laterality"], row["view"]),
                "picture": _data_uri(row["thumbnail"], "jpeg"),
                "overlay": _data_uri(row["thumbnail_overlay"], "jpeg"),
            }
        )
    return found


def _data_uri(content: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
