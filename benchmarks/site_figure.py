"""The picture of a simulated site: ``.venv/bin/python benchmarks/site_figure.py runs/simulated-site``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mammolens import RESEARCH_USE_ONLY
from mammolens.evaluation.canvas import ABNORMAL, FAINT, INK, NORMAL

matplotlib.use("Agg")
_PICTURE = Path(__file__).parents[1] / "docs" / "images" / "simulated-site.png"
_WORDS = {"before": "the other hospital's model", "recalibrate": "recalibrated", "train": "retrained"}
_COLOURS = {"before": ABNORMAL, "recalibrate": FAINT, "train": NORMAL}


def main() -> None:
    """Draw what ``simulated_site.py`` wrote."""
    told = json.loads((Path(sys.argv[1]) / "simulated-site.json").read_text(encoding="utf-8"))
    shown = {"before": told["before"], **{kind: played["after"] for kind, played in told["played"].items()}}
    figure = Figure(figsize=(11, 3.6), dpi=120, layout="constrained")
    spread, rates, areas = figure.subplots(1, 3)
    _p_values(spread, shown)
    _intervals(rates, shown, "flagged_normal_exams", "Normal exams flagged\n(grey: band of the promise)")
    for place, measured in enumerate(shown.values()):
        rates.fill_between([place - 0.35, place + 0.35], *measured["band"], color=FAINT, alpha=0.35)
    _intervals(areas, shown, "auroc_images", "AUROC of images")
    areas.axhline(0.5, color=INK, linewidth=0.8, linestyle=":")
    figure.suptitle("A second hospital's exams: patients whom no model ever saw", fontsize=10)
    figure.text(0.995, 0.005, RESEARCH_USE_ONLY, color="grey", fontsize=6, ha="right")
    figure.savefig(_PICTURE)


def _p_values(axes: Axes, shown: dict[str, Any]) -> None:
    """How p-values of normal exams are spread; on the diagonal they are even."""
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
    for name, measured in shown.items():
        values = np.sort(measured["p_values"])
        steps = np.arange(1, len(values) + 1) / len(values)
        axes.step([0, *values, 1], [0, *steps, 1], where="post", color=_COLOURS[name], label=_WORDS[name])
    axes.set(xlabel="p-value of a normal exam", ylabel="Share of normal exams up to it", xlim=(0, 1), ylim=(0, 1))
    axes.legend(fontsize=7, frameon=False)


def _intervals(axes: Axes, shown: dict[str, Any], figure: str, title: str) -> None:
    for place, (name, measured) in enumerate(shown.items()):
        found = measured[figure]
        low, high = found["value"] - found["low"], found["high"] - found["value"]
        axes.errorbar([place], [found["value"]], [[low], [high]], fmt="o", color=_COLOURS[name], capsize=4)
    axes.set_title(title, fontsize=9)
    axes.set_xticks(range(len(shown)), [_WORDS[name].replace(" ", "\n") for name in shown], fontsize=7)
    axes.set_xlim(-0.6, len(shown) - 0.4)


if __name__ == "__main__":
    main()
