"""The sections of a report, with text, tables and figures, for Markdown and HTML."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mammolens.evaluation.results import ClassCount, ClassMean, Evaluation, FalsePositiveControl, MapResult, Subgroup
from mammolens.evaluation.texts import LABELS, UNDEFINED, interval_text, metric_text

Row = tuple[str, ...]
_COUNTS: Final = ("images", "patients", "breasts", "exams")
_COMPOSITION: Final = {"images_per_exam": "Images per exam, mean", "breasts_per_exam": "Breasts per exam, mean"}
_FALSE_POSITIVES: Final = "False positives: nominal and realised"


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A table; every row has as many cells as the header."""

    header: Row
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.header) for row in self.rows):
            raise ValueError(f"a row does not have the {len(self.header)} cells of its header")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, how to read what follows, tables, and the names of the figures that belong here."""

    heading: str
    text: str
    tables: tuple[ReportTable, ...]
    figures: tuple[str, ...] = ()


def sections(evaluation: Evaluation) -> Iterator[Section]:
    """The sections for which there is something to say, in the order of reading."""
    yield _separation(evaluation)
    if evaluation.false_positive_control:
        yield _false_positives(evaluation)
    elif evaluation.groups[0].counts.images.normal and not evaluation.rule.controls_rate:
        yield _uncontrolled()
    if any(point.missed.value == point.missed.value for point in evaluation.triage):
        yield _triage(evaluation)
    if any(group.comparisons for group in evaluation.groups):
        yield _comparisons(evaluation)
    if evaluation.members:
        yield _members(evaluation)
    if evaluation.maps:
        yield _maps(evaluation)
    if evaluation.subgroups:
        yield _subgroups(evaluation)


def figures_table(evaluation: Evaluation) -> ReportTable:
    """Counts and figures, a column a group."""
    groups = evaluation.groups
    rows = [(unit.capitalize(), *(_count(getattr(group.counts, unit)) for group in groups)) for unit in _COUNTS]
    for name, label in _COMPOSITION.items():
        rows.append((label, *(_means(getattr(group.counts, name)) for group in groups)))
    for metric, label in LABELS.items():
        if any(metric in group.metrics for group in groups):
            rows.append((label, *(metric_text(group, metric) for group in groups)))
    return ReportTable(("", *(group.name for group in groups)), tuple(rows))


def _separation(evaluation: Evaluation) -> Section:
    text = "Counts are normal / abnormal. At chance, the AUROC is 0.5 and the AUPRC is the share of abnormal images."
    return Section("Figures", text, (figures_table(evaluation),), ("roc.png", "scores.png"))


def _false_positives(evaluation: Evaluation) -> Section:
    text = (
        f"{_nominal_rate(evaluation)} The band contains the realised rate of a well-calibrated model in 95 of 100 "
        "samples of this many patients. It is the band of the gate: binomial with patients as trials, and wider the "
        "fewer patients the calibration has (beta-binomial) if it controls the average rate."
    )
    header = ("group", "unit", "normal patients", "normal units", "realised", "band", "")
    rows = tuple(_control_row(found) for found in evaluation.false_positive_control)
    figures = ("calibration.png", "reliability.png")
    return Section(_FALSE_POSITIVES, text, (ReportTable(header, rows),), figures)


def _nominal_rate(evaluation: Evaluation) -> str:
    alpha = f"{100 * evaluation.alpha:g} %"
    if evaluation.rule.controls_average_rate:
        return f"The model is calibrated to flag at most {alpha} of new normal patients, on average over calibrations."
    return (
        f"The model is calibrated to flag at most {alpha} of new normal patients, with confidence "
        f"{evaluation.rule.confidence:g} over calibrations. Its average rate is therefore below {alpha}, and the band "
        "begins at 0."
    )


def _uncontrolled() -> Section:
    text = (
        "The model flags by the mean and standard deviation of normal scores, which does not control the "
        "false-positive rate. The realised rate is among the figures. The p-values are not used for the decision."
    )
    return Section(_FALSE_POSITIVES, text, (), ("reliability.png",))


def _control_row(found: FalsePositiveControl) -> Row:
    band = f"{_percent(found.low)} to {_percent(found.high)}"
    position = "within" if found.within_band else "above" if found.realised > found.high else "below"
    counts = (str(found.patients), str(found.count))
    return (found.group, f"{found.unit}s", *counts, _percent(found.realised), band, position)


def _triage(evaluation: Evaluation) -> Section:
    text = (
        "The share of abnormal exams missed if the lowest-scoring exams were set aside as normal. In screening nearly "
        "all exams are normal, so the share of normal exams set aside is the share of work saved. At chance, the two "
        "shares are equal."
    )
    rows = tuple(
        (f"{100 * point.set_aside:g} %", interval_text(point.missed, percent=True)) for point in evaluation.triage
    )
    table = ReportTable(("normal exams set aside", "abnormal exams missed"), rows)
    return Section("Triage", text, (table,), ("triage.png",))


def _comparisons(evaluation: Evaluation) -> Section:
    text = (
        "Image AUROC on the same images, and the paired difference with its interval from the same resamples of "
        "patients. If the interval lies above 0, the model is better."
    )
    header = ("group", "other score", "images", "AUROC, model", "AUROC, other", "model minus other")
    rows = tuple(
        (
            group.name,
            found.baseline,
            _count(found.images),
            interval_text(found.model_auroc),
            interval_text(found.baseline_auroc),
            interval_text(found.difference, signed=True),
        )
        for group in evaluation.groups
        for found in group.comparisons
    )
    return Section("Comparison with other scores", text, (ReportTable(header, rows),))


def _members(evaluation: Evaluation) -> Section:
    text = (
        "Image AUROC of each member's standardised score alone and of the ensemble without it, and the change when it "
        "is left out, paired on the same resamples of patients. A member helps if the whole interval of the change "
        "lies below 0."
    )
    for member in evaluation.members:
        text += "" if member.helps else f" {member.name} does not help on these images."
    header = ("member", "AUROC, alone", "AUROC, ensemble without it", "change without it")
    rows = tuple(
        (
            member.name,
            interval_text(member.alone),
            interval_text(member.without),
            interval_text(member.change, signed=True),
        )
        for member in evaluation.members
    )
    return Section("Members", text, (ReportTable(header, rows),))


def _maps(evaluation: Evaluation) -> Section:
    text = (
        "All maps are compared on the same grid: the stored image reduced to at most 512 pixels, inside the breast. "
        "Pixel AUROC separates pixels on a lesion from the rest in images with a marked lesion: pooled, and as the "
        "mean over images. Strongest spot: the share of those images whose highest peak, away from the breast's "
        "border, lies on a lesion. FROC: the share of lesions under one of the ten highest peaks, at a given number of "
        "false positives per image. Differences are paired, on the same resamples of patients."
    )
    maps = evaluation.maps
    table = ReportTable(
        ("map", "images", "lesions", "pixel AUROC", "pixel AUROC, mean of images", "strongest spot on a lesion"),
        tuple(_map_row(found) for found in maps),
    )
    tables = [table]
    if gains := tuple(_gain_row(found) for found in maps if found.pixel_auroc_gain is not None):
        header = ("model minus", "pixel AUROC", "pixel AUROC, mean of images", "strongest spot on a lesion")
        tables.append(ReportTable(header, gains))
    rates = tuple(f"{point.false_positives_per_image:g}" for point in maps[0].froc)
    found_at = tuple(
        (found.name, *(interval_text(point.found, percent=True) for point in found.froc)) for found in maps
    )
    tables.append(ReportTable(("lesions found at false positives per image", *rates), found_at))
    return Section("Localisation", text, tuple(tables), ("froc.png",))


def _map_row(found: MapResult) -> Row:
    areas = (interval_text(found.pixel_auroc), interval_text(found.pixel_auroc_within))
    return (found.name, _count(found.images), str(found.lesions), *areas, interval_text(found.hit_rate, percent=True))


def _gain_row(found: MapResult) -> Row:
    gains = (found.pixel_auroc_gain, found.pixel_auroc_within_gain, found.hit_rate_gain)
    return (found.name, *(UNDEFINED if gain is None else interval_text(gain, signed=True) for gain in gains))


def _subgroups(evaluation: Evaluation) -> Section:
    text = (
        "Images that share one trait. Small groups have wide intervals; there is no correction for multiple "
        "comparisons."
    )
    header = ("trait", "", "images", "patients", "AUROC", "false-positive rate", "sensitivity")
    rows = tuple(_subgroup_row(group) for group in evaluation.subgroups)
    return Section("Subgroups", text, (ReportTable(header, rows),))


def _subgroup_row(group: Subgroup) -> Row:
    shares = (interval_text(share, percent=True) for share in (group.false_positive_rate, group.sensitivity))
    counts = (_count(group.images), _count(group.patients))
    return (group.dimension, group.name, *counts, interval_text(group.auroc), *shares)


def _count(count: ClassCount) -> str:
    return f"{count.normal} / {count.abnormal}"


def _means(means: ClassMean) -> str:
    return " / ".join(UNDEFINED if math.isnan(mean) else f"{mean:.1f}" for mean in (means.normal, means.abnormal))


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
