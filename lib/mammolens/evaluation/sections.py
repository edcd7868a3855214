"""What a report says, as sections of text, tables and figures: the same for Markdown and for HTML."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mammolens.evaluation.results import ClassCount, ClassMean, Evaluation, FalsePositiveControl, MapResult, Subgroup
from mammolens.evaluation.texts import LABELS, UNDEFINED, interval_text, metric_text

Row = tuple[str, ...]
_COUNTS: Final = ("images", "patients", "breasts", "exams")
_COMPOSITION: Final = {"images_per_exam": "Images an exam, mean", "breasts_per_exam": "Breasts an exam, mean"}
_FALSE_POSITIVES: Final = "False positives: promised and realised"


@dataclass(frozen=True, slots=True)
class Table:
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
    tables: tuple[Table, ...]
    figures: tuple[str, ...] = ()


def sections(evaluation: Evaluation) -> Iterator[Section]:
    """The sections for which there is something to say, in the order of reading."""
    yield _separation(evaluation)
    if evaluation.false_positive_control:
        yield _promises(evaluation)
    elif evaluation.groups[0].counts.images.normal and not evaluation.rule.controls_rate:
        yield _no_promise()
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


def figures_table(evaluation: Evaluation) -> Table:
    """Counts and figures, a column a group."""
    groups = evaluation.groups
    rows = [(unit.capitalize(), *(_count(getattr(group.counts, unit)) for group in groups)) for unit in _COUNTS]
    for name, label in _COMPOSITION.items():
        rows.append((label, *(_means(getattr(group.counts, name)) for group in groups)))
    for metric, label in LABELS.items():
        if any(metric in group.metrics for group in groups):
            rows.append((label, *(metric_text(group, metric) for group in groups)))
    return Table(("", *(group.name for group in groups)), tuple(rows))


def _separation(evaluation: Evaluation) -> Section:
    text = "Counts are normal / abnormal. By chance an AUROC is 0.5 and an AUPRC the share of abnormals."
    return Section("Figures", text, (figures_table(evaluation),), ("roc.png", "scores.png"))


def _promises(evaluation: Evaluation) -> Section:
    text = (
        f"{_promised(evaluation)} The band is where the realised rate of an exact promise lies in 95 of 100 samples of "
        "so many patients (binomial, patients as trials); the spread that comes from a finite calibration set is not "
        "in it."
    )
    header = ("group", "unit", "normal patients", "normal units", "realised", "band of the promise", "")
    rows = tuple(_promise_row(promise) for promise in evaluation.false_positive_control)
    figures = ("calibration.png", "reliability.png")
    return Section(_FALSE_POSITIVES, text, (Table(header, rows),), figures)


def _promised(evaluation: Evaluation) -> str:
    alpha = f"{100 * evaluation.alpha:g} %"
    if evaluation.rule.controls_average_rate:
        return f"The model promises to flag at most {alpha} of new normal patients, on average over calibrations."
    return (
        f"The model promises to flag at most {alpha} of new normal patients, with confidence "
        f"{evaluation.rule.confidence:g} over calibrations. So its average rate is meant to lie below {alpha}, and the "
        "band begins at 0."
    )


def _no_promise() -> Section:
    text = (
        "The model flags by the mean and the standard deviation of normal scores. That promises no false-positive "
        "rate, so none is judged here; the realised one stands among the figures. The p-values have no part in "
        "the decision."
    )
    return Section(_FALSE_POSITIVES, text, (), ("reliability.png",))


def _promise_row(promise: FalsePositiveControl) -> Row:
    band = f"{_percent(promise.low)} to {_percent(promise.high)}"
    verdict = "within" if promise.kept else "above" if promise.realised > promise.high else "below"
    counts = (str(promise.patients), str(promise.count))
    return (promise.group, f"{promise.unit}s", *counts, _percent(promise.realised), band, verdict)


def _triage(evaluation: Evaluation) -> Section:
    text = (
        "If the exams with the lowest scores were set aside as normal: the share of the abnormal exams that would go "
        "with them. In screening nearly all exams are normal, so the share of normal exams is that of the work. By "
        "chance the two shares are equal."
    )
    rows = tuple(
        (f"{100 * point.set_aside:g} %", interval_text(point.missed, percent=True)) for point in evaluation.triage
    )
    table = Table(("normal exams set aside", "abnormal exams missed"), rows)
    return Section("Triage", text, (table,), ("triage.png",))


def _comparisons(evaluation: Evaluation) -> Section:
    text = (
        "AUROC of images on the same images, and the paired difference with its interval from the same resamples of "
        "patients. A difference whose interval lies above 0 is in the model's favour."
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
    return Section("Beside other scores", text, (Table(header, rows),))


def _members(evaluation: Evaluation) -> Section:
    text = (
        "AUROC of images: of each member's standardised score alone, of the ensemble without it, and what leaving it "
        "out changes, paired on the same resamples of patients. A member helps if the whole interval of the change "
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
    return Section("Members", text, (Table(header, rows),))


def _maps(evaluation: Evaluation) -> Section:
    text = (
        "Maps on the same pixels: the stored image shrunk to 512 pixels at most, inside the breast. Pixel AUROC tells "
        "pixels on a lesion from the rest, of the images with a located lesion: pooled, and as the mean of each "
        "image's own. Strongest spot: the share of those images whose highest peak, away from the breast's border, "
        "lies on a lesion. FROC: the share of lesions under one of the ten highest peaks, at a threshold with so many "
        "false peaks an image. Differences are paired, on the same resamples of patients."
    )
    maps = evaluation.maps
    places = Table(
        ("map", "images", "lesions", "pixel AUROC", "pixel AUROC, mean of images", "strongest spot on a lesion"),
        tuple(_map_row(found) for found in maps),
    )
    tables = [places]
    if gains := tuple(_gain_row(found) for found in maps if found.pixel_auroc_gain is not None):
        header = ("model minus", "pixel AUROC", "pixel AUROC, mean of images", "strongest spot on a lesion")
        tables.append(Table(header, gains))
    rates = tuple(f"{point.false_positives_per_image:g}" for point in maps[0].froc)
    found_at = tuple(
        (found.name, *(interval_text(point.found, percent=True) for point in found.froc)) for found in maps
    )
    tables.append(Table(("lesions found at false marks an image", *rates), found_at))
    return Section("Where the heat lies", text, tuple(tables), ("froc.png",))


def _map_row(found: MapResult) -> Row:
    areas = (interval_text(found.pixel_auroc), interval_text(found.pixel_auroc_within))
    return (found.name, _count(found.images), str(found.lesions), *areas, interval_text(found.hit_rate, percent=True))


def _gain_row(found: MapResult) -> Row:
    gains = (found.pixel_auroc_gain, found.pixel_auroc_within_gain, found.hit_rate_gain)
    return (found.name, *(UNDEFINED if gain is None else interval_text(gain, signed=True) for gain in gains))


def _subgroups(evaluation: Evaluation) -> Section:
    text = "Images that share one trait. Small groups have wide intervals; nothing is corrected for how many there are."
    header = ("trait", "", "images", "patients", "AUROC", "false-positive rate", "sensitivity")
    rows = tuple(_subgroup_row(group) for group in evaluation.subgroups)
    return Section("Subgroups", text, (Table(header, rows),))


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
