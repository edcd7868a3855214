"""An inspection as tables, for the terminal and the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mammolens.inspection.results import Count, Duplicate, Inspection, Leak, LeakKind

_LEAKS: Final = {
    LeakKind.PATIENT: "The patient {}",
    LeakKind.STUDY: "The study {}",
    LeakKind.IMAGE: "The image {}",
}


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table of texts.

    Attributes:
        heading: of the table.
        note: a sentence below the heading, or empty.
        header: of the columns.
        rows: as many cells each.
    """

    heading: str
    note: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def summary_text(found: Inspection) -> str:
    """What was inspected and how, in a few sentences."""
    kind = f" ({found.kind})" if found.kind != found.source else ""
    if found.pixels_read:
        return f"{found.source}{kind}: headers and pixels were read; the flags refer to the model {found.model}."
    return f"{found.source}{kind}: only headers were read; problems that only pixels show are missing."


def headline(found: Inspection) -> list[tuple[str, str]]:
    """The totals: label and figure."""
    totals = found.totals
    figures = [
        ("images", totals.images),
        ("usable images", totals.usable),
        ("refused images", totals.refused),
        ("flagged images", totals.flagged),
        ("patients", totals.patients),
        ("exams", totals.exams),
        ("exams with CC and MLO of both breasts", totals.complete_exams),
        ("images that occur more than once", len(found.duplicates)),
        ("leaks between splits", len(found.leaks)),
        ("files passed over", totals.files_passed_over),
    ]
    return [(label, str(figure)) for label, figure in figures]


def tables(found: Inspection) -> Iterator[TextTable]:
    """All but the totals; a table without a row is left out."""
    everything = (
        _counts("Views", "view", found.views),
        _counts("Machines", "machine", found.machines),
        _counts("Resolutions", "rows x columns, pixel size", found.resolutions),
        _counts("Formats", "format and transfer syntax", found.encodings),
        _counts("Sites", "site", found.sites),
        _counts("Truth", "of the images", found.truth, "What the data set says; no image was examined for it."),
        _splits(found),
        _refusals(found),
        _flags(found),
        _duplicates(found.duplicates),
        _leaks(found.leaks),
    )
    return (table for table in everything if table.rows)


def _counts(heading: str, what: str, counts: Sequence[Count], note: str = "") -> TextTable:
    rows = tuple((count.name, str(count.images), str(count.patients)) for count in counts)
    return TextTable(heading, note, (what, "images", "patients"), rows)


def _splits(found: Inspection) -> TextTable:
    rows = tuple(
        (one.name, str(one.images), str(one.patients), str(one.normal), str(one.abnormal)) for one in found.splits
    )
    return TextTable("Splits", "", ("split", "images", "patients", "normal", "abnormal"), rows)


def _refusals(found: Inspection) -> TextTable:
    note = "These images cannot be used; all other tables omit them."
    rows = tuple((f"{one.reason}; {one.remedy}", str(one.images), one.example) for one in found.refusals)
    return TextTable("Refused", note, ("reason and remedy", "images", "example"), rows)


def _flags(found: Inspection) -> TextTable:
    note = "These images can be used; the flags say why their results are less certain."
    rows = tuple((one.flag, str(one.images), one.explanation) for one in found.flags)
    return TextTable("Flagged", note, ("flag", "images", "meaning"), rows)


def _duplicates(duplicates: Sequence[Duplicate]) -> TextTable:
    note = "One image in several files."
    rows = tuple((_sameness(one), "\n".join(one.paths)) for one in duplicates)
    return TextTable("Duplicates", note, ("what is the same", "files"), rows)


def _sameness(one: Duplicate) -> str:
    uids, patients = len(one.sop_instance_uids), len(one.patients)
    same = "pixels"
    if uids:
        same = f"pixels, under {uids} SOP Instance UIDs" if uids > 1 else "SOP Instance UID and image"
    return f"{same}, of {patients} patients" if patients > 1 else same


def _leaks(leaks: Sequence[Leak]) -> TextTable:
    note = "A model must not be tested on patients or images that it was trained on."
    rows = tuple(
        (_LEAKS[LeakKind(one.kind)].format(one.identifier), ", ".join(one.splits), str(len(one.paths))) for one in leaks
    )
    return TextTable("Leaks between splits", note, ("what", "splits", "images"), rows)
