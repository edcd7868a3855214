"""The regions that annotators marked as findings, as cases with lesions: to judge by, and to learn from if wanted."""

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
from mammolens.labelapp.exams.ledger_snapshot import Decided
from mammolens.promotion.holding_back import hold_back
from mammolens.review.decision import Point

_log = logging.getLogger(__name__)
NAME = "marked findings"


def marked_findings(exams: Collection[Exam], decided: Decided, images: Images) -> Dataset:
    """Images on which a finding stands and a region of it was drawn that lies on it, in part or whole; maybe none."""
    cases = tuple(case for exam in exams for case in _cases(exam, decided, images))
    return Dataset(NAME, cases, "the site's own images, not for redistribution")


def to_teach_and_to_judge(findings: Dataset, share: float) -> tuple[Dataset, Dataset]:
    """Those to learn from, and those that only judge: no patient is in both.

    Those who may teach judge no training, also one that does not learn from findings: an earlier one may have, and its
    model serves.
    """
    return hold_back(findings, share)


def refuse_unteachable(config: ModelConfig, teaching: Dataset) -> None:
    """Check that a model of this configuration can learn from findings, and that there are some.

    Raises:
        RequestError: its network does not tell where it sees a lesion, by which findings are learned.
        DatasetError: there is no finding to learn from.
    """
    if not tells_lesions(config):
        reason = f"the serving model ({config.name}, network {config.network.name}) cannot learn from findings"
        raise RequestError("learn_from_findings", reason, "leave it out; marked findings judge new models all the same")
    if not teaching.cases:
        reason = "no image with a marked region is left to learn from"
        raise DatasetError(NAME, reason, "mark findings in exams of more patients, or learn without them")


def tells_lesions(config: ModelConfig) -> bool:
    """Whether its network learns where lesions are, synthetic ones at least."""
    return config.training.lesions is not None and config.network.name == "restorer"


def _cases(exam: Exam, decided: Decided, images: Images) -> Iterator[Case]:
    decisions = decided.of(exam.exam_id)
    told: set[str] = set()
    for image in exam.images:
        uid = image.sop_instance_uid
        if uid in told or decisions.standing.images.get(uid) is not Verdict.FINDING:
            continue
        told.add(uid)
        boxes = [
            _box(region.points)
            for decision in decisions.counting[uid]
            if decision.verdict is Verdict.FINDING
            for region in decision.regions
            if region.image == uid
        ]
        if boxes:
            path = Path(images.get_image_uri(image.image_id))
            if lesions := _on_the_image(boxes, path):
                yield Case(path=path, patient_id=patient_of(exam), abnormal=True, lesions=lesions)


def _on_the_image(boxes: Sequence[Lesion], path: Path) -> tuple[Lesion, ...]:
    """Those that meet it: no model could find the others."""
    try:
        rows, columns = read_shape(path)
    except InputError as error:
        _log.warning("not judged by: %s", error)
        return ()
    return tuple(
        box
        for box in boxes
        if abs(2 * box.row - rows + 1) < rows + 2 * box.half_rows
        and abs(2 * box.column - columns + 1) < columns + 2 * box.half_columns
    )


def _box(points: Sequence[Point]) -> Lesion:
    """The box around a region; one that is a point or a line is a pixel wide."""
    columns, rows = zip(*points, strict=True)
    return Lesion(
        row=(min(rows) + max(rows)) / 2,
        column=(min(columns) + max(columns)) / 2,
        half_rows=max((max(rows) - min(rows)) / 2, 0.5),
        half_columns=max((max(columns) - min(columns)) / 2, 0.5),
        shape="box",
    )
