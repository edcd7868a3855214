"""The measurements behind the published figures, and the page that they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mammolens import RESEARCH_USE_ONLY
from mammolens.errors import DatasetError
from mammolens.evaluation.results import Evaluation
from mammolens.evaluation.texts import rows

PAGE: Final = "results.md"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One data set that a model is measured on.

    Attributes:
        name: of its folder in the development data.
        split: which of its splits; ``all`` for every case with a truth.
        about: what it is, for the page.
    """

    name: str
    split: str
    about: str


MEASUREMENTS: Final = (
    Measurement("inbreast2048", "all", "INbreast, digital, 2,048 rows, true pixel sizes; never used for training"),
    Measurement("rsna640", "test", "RSNA Screening Mammography 2022, digital, stretched to 640 x 640; test split"),
    Measurement("mias640", "all", "mini-MIAS, digitised film; never used for training"),
    Measurement("cbis800", "all", "CBIS-DDSM masses, digitised film; patients not used for training"),
)


def select_measurements(data: Path, only: Sequence[str] = ()) -> list[Measurement]:
    """The measurements of these names, of all without any.

    Raises:
        DatasetError: a name is unknown, or its folder is not in ``data``.
    """
    known = {measurement.name: measurement for measurement in MEASUREMENTS}
    chosen = [name for name in known if name in only] if only else list(known)
    if unknown := [name for name in only if name not in known]:
        raise DatasetError("--only", f"there is no measurement {', '.join(unknown)}", f"use {', '.join(known)}")
    if missing := [name for name in chosen if not (data / name).is_dir()]:
        raise DatasetError(data, f"has no folder {', '.join(missing)}", "add it, or select others with --only")
    return [known[name] for name in chosen]


def page(found: Mapping[Measurement, Evaluation], model: str) -> str:
    """Markdown: a table of figures with their intervals for each measurement.

    Args:
        found: at least one.
        model: name and fingerprint of what was measured.
    """
    parts = [f"# Results of {model}\n\n{RESEARCH_USE_ONLY}. Made by `mammolens reproduce`."]
    parts += [_section(measurement, evaluation) for measurement, evaluation in found.items()]
    return "\n\n".join(parts) + "\n"


def _section(measurement: Measurement, evaluation: Evaluation) -> str:
    counts = evaluation.groups[0].counts
    head = (
        f"## {measurement.name}\n\n{measurement.about}. Normal / abnormal: {counts.images.normal} / "
        f"{counts.images.abnormal} images, {counts.patients.normal} / {counts.patients.abnormal} patients. "
        f"Brackets are {100 * evaluation.level:g} % intervals from {evaluation.n_bootstrap} resamples of patients."
    )
    lines = [f"| {group} | {figure} | {value} |" for group, figure, value in rows(evaluation)]
    caveats = "".join(f"\n- {caveat}" for caveat in evaluation.caveats)
    table = "\n".join(["| group | figure | value |", "|---|---|---|", *lines])
    return f"{head}\n\n{table}" + (f"\n\nCaveats:\n{caveats}" if caveats else "")
