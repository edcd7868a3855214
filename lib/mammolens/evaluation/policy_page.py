"""A simulated reading policy as one HTML page, and as lines of a table."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from mammolens.evaluation.bootstrap import Interval
from mammolens.evaluation.canvas import ABNORMAL, FAINT, INK, canvas, finish, png
from mammolens.evaluation.reading_policy import EXAMS, Consequence, ReadingPolicy, Screening, Simulation
from mammolens.evaluation.texts import interval_text
from mammolens.report_page import render_page

SHARES: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_READINGS, _CANCERS, _RECALLS = 0, 2, 1  # decimals
_HEADER: Final = ("per 1,000 exams", "today", "policy [95 % interval]", "difference [95 % interval]")


def policy_rows(simulation: Simulation) -> list[tuple[str, str, str, str]]:
    """Each figure today, under the policy and their difference, as text."""
    named = (
        ("readings", simulation.readings, _READINGS),
        ("cancers found", simulation.cancers, _CANCERS),
        ("false recalls", simulation.false_recalls, _RECALLS),
    )
    return [(name, *_texts(found, digits)) for name, found, digits in named]


def policy_page(simulation: Simulation, others: Sequence[Simulation], *, title: str, model: str) -> str:
    """The page as text; every text is escaped.

    Args:
        simulation: the policy.
        others: the same policy with other low shares, rising.
        title: of the data.
        model: that scored them.
    """
    policy = simulation.policy
    shares = [
        (
            f"{100 * one.policy.low_share:g} %",
            interval_text(one.low_abnormal, percent=True),
            _number(one.readings.policy, _READINGS),
            _number(one.cancers.difference, _CANCERS, signed=True),
            _number(one.false_recalls.difference, _RECALLS, signed=True),
        )
        for one in others
    ]
    return render_page(
        "mammolens.evaluation",
        "policy.html.j2",
        title=f"Reading policy: {title}",
        summary=_summary(simulation, model),
        cards=[
            (f"readings instead of {simulation.readings.today:.0f}, {EXAMS:,} exams", f"{_value(simulation.readings)}"),
            (
                "cancers found, difference per 1,000 exams",
                _number(simulation.cancers.difference, _CANCERS, signed=True),
            ),
            (
                "false recalls, difference per 1,000 exams",
                _number(simulation.false_recalls.difference, _RECALLS, signed=True),
            ),
        ],
        links=[("policy", "Policy"), ("shares", "Other shares"), ("assumptions", "Assumptions")],
        policy=policy_words(policy),
        header=_HEADER,
        rows=policy_rows(simulation),
        low=interval_text(simulation.low_abnormal, percent=True),
        high=interval_text(simulation.high_abnormal, percent=True),
        low_words=f"{100 * policy.low_share:g} %",
        high_words=f"{100 * policy.high_share:g} %",
        share_header=(
            "lowest share",
            "cancers among them",
            "readings",
            "cancers found, difference",
            "false recalls, difference",
        ),
        shares=shares,
        figure=_data_uri(policy_figure(others)),
        assumptions=_assumptions(simulation.screening),
    )


def policy_figure(simulations: Sequence[Simulation]) -> Figure:
    """Cancers among the lowest-scoring exams, and readings saved, over the share of normal exams."""
    figure, axes = canvas("Cancers among the lowest scores, and readings saved", 6.4, 5.0)
    shares = [one.policy.low_share for one in simulations]
    low = [one.low_abnormal for one in simulations]
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, label="chance")
    axes.fill_between(
        shares, [one.low for one in low], [one.high for one in low], color=ABNORMAL, alpha=0.15, linewidth=0,
        label="95 % band, bootstrap over patients",
    )  # fmt: skip
    axes.plot(shares, [one.value for one in low], color=ABNORMAL, label="cancers among the lowest-scoring exams")
    saved = [-one.readings.difference.value / one.readings.today for one in simulations]
    axes.plot(shares, saved, color=INK, linestyle="--", label="readings saved")
    axes.set(xlabel="Normal exams with the lowest scores", ylabel="Share", xlim=(0, 1))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0))
    finish(figure, axes)
    return figure


def policy_words(policy: ReadingPolicy) -> str:
    """The policy in a sentence."""
    return (
        f"The {100 * policy.low_share:g} % lowest-scoring exams get {_times(policy.low_readings)}, "
        f"the {100 * policy.high_share:g} % highest-scoring {_times(policy.high_readings)}, "
        f"the others {_times(policy.readings)}. Today all get {_times(policy.readings)}."
    )


def _summary(simulation: Simulation, model: str) -> str:
    return (
        f"{policy_words(simulation.policy)} Scores of {model}; {simulation.normal} normal and {simulation.abnormal} "
        f"abnormal exams of {simulation.patients} patients. Shares are of the normal exams."
    )


def _assumptions(screening: Screening) -> list[str]:
    return [
        f"A person finds {100 * screening.sensitivity:g} % of the cancers and recalls "
        f"{100 * (1 - screening.specificity):.3g} % of the normal exams. "
        "One recall is enough; there is no arbitration.",
        "People read independently of each other and of the score. Cancers that are hard to see are often missed by "
        "both, so a further reading finds fewer in practice than here.",
        f"{1000 * screening.prevalence:g} of 1,000 exams have a cancer. Normal and abnormal exams of the data are "
        "weighted accordingly.",
        "An exam counts as a cancer if the data call it abnormal. Intervals describe the sampling of patients only, "
        "not the assumptions.",
    ]


def _texts(found: Consequence, digits: int) -> tuple[str, str, str]:
    changed = _number(found.difference, digits, signed=True)
    return f"{found.today:.{digits}f}", _number(found.policy, digits), changed


def _value(found: Consequence) -> str:
    return f"{found.policy.value:.0f}"


def _number(interval: Interval, digits: int, *, signed: bool = False) -> str:
    sign = "+" if signed else ""
    value, low, high = (f"{number:{sign}.{digits}f}" for number in (interval.value, interval.low, interval.high))
    return f"{value} [{low}, {high}]"


def _times(readings: int) -> str:
    return {0: "no reading", 1: "one reading"}.get(readings, f"{readings} readings")


def _data_uri(figure: Figure) -> str:
    return f"data:image/png;base64,{base64.b64encode(png(figure)).decode()}"
