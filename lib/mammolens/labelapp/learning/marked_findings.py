"""Regions that annotators marked as findings, as cases with lesions: for the gate and, if requested, for training."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from mammolens.config import ModelConfig
from mammolens.datasets.base import Case, Dataset, Lesion
from mammolens.dicom.reader import read_shape
from mammolens.enums import Verdict
from mammolens.errors import DatasetError, InputError, RequestError
from mammolens.labelapp.datastore.contracts import Images
from mammolens.labelapp.exams.eligibility import patient_of
from mammolens.labelapp.exams.exam import Exam
from mammolens.labelapp.exams.ledger_snapshot import LedgerSnapshot
from mammolens.models.networks import has_log_odds
from mammolens.promotion.holdout import hold_out
from mammolens.review.decision import Point

_log = logging.getLogger(__name__)
NAME = "marked findings"


def marked_findings(exams: Collection[Exam], snapshot: LedgerSnapshot, images: Images) -> Dataset:
    """Images with an effective finding and a region that lies on the image, in part or whole; may be empty."""
    cases = tuple(case for exam in exams for case in _cases(exam, snapshot, images))
    return Dataset(NAME, cases, "the site's own images, not for redistribution")


def split_findings(findings: Dataset, share: float) -> tuple[Dataset, Dataset]:
    """Split findings by patient into those for training and those for the gate.

    Findings for training are never used by the gate, even if a training does not learn from findings: the serving model
    may have learned from them before.
    """
    return hold_out(findings, share)


def check_learns_from_findings(config: ModelConfig, training: Dataset) -> None:
    """Check that a model of this configuration can learn from findings, and that there are some.

    Raises:
        RequestError: its network does not localise lesions, so that it cannot learn from findings.
        DatasetError: there is no finding to learn from.
    """
    if not localises_lesions(config):
        reason = f"the serving model ({config.name}, network {config.network.name}) cannot learn from findings"
        raise RequestError("learn_from_findings", reason, "leave it out; the gate uses marked findings nevertheless")
    if not training.cases:
        reason = "no image with a marked region is left for training"
        raise DatasetError(NAME, reason, "mark findings in exams of more patients, or learn without them")


def localises_lesions(config: ModelConfig) -> bool:
    """Whether its network learns to localise lesions, synthetic ones at least."""
    return config.training.lesions is not None and has_log_odds(config.network)


def _cases(exam: Exam, snapshot: LedgerSnapshot, images: Images) -> Iterator[Case]:
    decisions = snapshot.of(exam.exam_id)
    seen: set[str] = set()
    for image in exam.images:
        uid = image.sop_instance_uid
        if uid in seen or decisions.effective.images.get(uid) is not Verdict.FINDING:
            continue
        seen.add(uid)
        boxes = [
            _box(region.points)
            for decision in decisions.active[uid]
            if decision.verdict is Verdict.FINDING
            for region in decision.regions
            if region.image == uid
        ]
        if boxes:
            path = Path(images.get_image_uri(image.image_id))
            if lesions := _on_the_image(boxes, path):
                yield Case(path=path, patient_id=patient_of(exam), abnormal=True, lesions=lesions)


def _on_the_image(boxes: Sequence[Lesion], path: Path) -> tuple[Lesion, ...]:
    """The boxes that overlap the image: no model could find the others."""
    try:
        rows, columns = read_shape(path)
    except InputError as error:
        _log.warning("left out of the findings: %s", error)
        return ()
    return tuple(
        box
        for box in boxes
        if abs(2 * box.row - rows + 1) < rows + 2 * box.half_rows
        and abs(2 * box.column - columns + 1) < columns + 2 * box.half_columns
    )


def _box(points: Sequence[Point]) -> Lesion:
    """The box around a region; one that is a line is a pixel wide."""
    columns, rows = zip(*points, strict=True)
    return Lesion(
        row=(min(rows) + max(rows)) / 2,
        column=(min(columns) + max(columns)) / 2,
        half_rows=max((max(rows) - min(rows)) / 2, 0.5),
        half_columns=max((max(columns) - min(columns)) / 2, 0.5),
        shape="box",
    )
