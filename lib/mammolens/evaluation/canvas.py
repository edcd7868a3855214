"""The look of the figures: one set of axes, its legend below, colours for every colour vision."""

from __future__ import annotations

import io
from typing import Final, TypedDict

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mammolens import RESEARCH_USE_ONLY

# Okabe and Ito's colours (2008), distinguishable with any colour vision
NORMAL: Final = "#0072B2"
ABNORMAL: Final = "#D55E00"
INK: Final = "#000000"
FAINT: Final = "0.6"
_SITES: Final = ("#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#0072B2", "#D55E00")
_DASHES: Final = ("-", "--", ":", "-.")
_LEGEND_LINE: Final = 0.2  # inches


class Line(TypedDict):
    """Style of a curve, as matplotlib names it."""

    color: str
    linestyle: str
    linewidth: float


def line(group: int) -> Line:
    """Style of a group's curve: the first in bold black, sites after it in colours, then in other dashes."""
    if group == 0:
        return Line(color=INK, linestyle="-", linewidth=2.0)
    dash, colour = divmod(group - 1, len(_SITES))
    return Line(color=_SITES[colour], linestyle=_DASHES[dash % len(_DASHES)], linewidth=1.4)


def canvas(title: str, width: float, height: float) -> tuple[Figure, Axes]:
    """An empty figure with one set of axes; its size in inches, without the legend."""
    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left")
    axes.grid(color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def finish(figure: Figure, axes: Axes) -> None:
    """Add the legend below the axes, with height of its own, and the notice in the corner."""
    entries = len(axes.get_legend_handles_labels()[1])
    figure.set_figheight(figure.get_figheight() + _LEGEND_LINE * (entries + 1))
    figure.legend(loc="outside lower left", frameon=False, fontsize="small", labelspacing=0.3)
    figure.text(0.99, 0.008, RESEARCH_USE_ONLY, ha="right", va="bottom", fontsize="x-small", color="0.4")


def png(figure: Figure) -> bytes:
    """A finished figure as PNG, laid out here: saving alone would draw it twice, the first time for its layout only."""
    if (layout := figure.get_layout_engine()) is not None:
        layout.execute(figure)
        figure.set_layout_engine(None)
    content = io.BytesIO()
    figure.savefig(content, format="png", metadata={"Software": None})
    return content.getvalue()
