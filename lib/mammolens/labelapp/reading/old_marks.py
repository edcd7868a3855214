"""Decisions of before the ledger, from the marks that a datastore kept in its images' infos.

They go into the ledger once, as imports with their own times, and then out of the infos. A mark whose image is away
stays where it is until the server starts with the image there.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mammolens.enums import Verdict
from mammolens.errors import MammoLensError, RequestError
from mammolens.labelapp.datastore.shared_state import SharedState
from mammolens.labelapp.keys import InfoKey, ReviewKey
from mammolens.labelapp.reading.exams import exam_id_of
from mammolens.review.decision import LONGEST_NAME, LONGEST_TEXT, Decision, Origin, Region
from mammolens.review.ledger import Ledger

_log = logging.getLogger(__name__)
_NAMESPACE = uuid.UUID("a3c0f5de-0b1b-5e0f-8c57-3f6f2f1f4d10")  # of ids that are made of marks
_UNKNOWN = "unknown"


@dataclass(slots=True)
class _Old:
    """A decision of old; ``undoes`` is the number of another one, which it takes back on ``images``."""

    exam_id: str
    number: str
    mark: Mapping[str, Any]
    seconds: float
    undoes: str | None = None
    images: dict[str, Mapping[str, Any]] = field(default_factory=dict)  # its mark on each, by SOP Instance UID


def import_old_marks(images: SharedState, ledger: Ledger) -> int:
    """Take the marks of all images that are there into the ledger; gives the number of decisions.

    Raises:
        LedgerError, StorageError: the ledger or the datastore's file cannot be written; the next start goes on.
    """
    olds: dict[tuple[str, str], _Old] = {}
    taken: list[str] = []
    for image_id in [name for name, known in images.objects().items() if _marks_in(known.image.info)]:
        place = _place_of(image_id, images)
        if place is None:
            continue
        taken.append(image_id)
        # Looked at again: where the file holds another image by now, the marks were put aside just now.
        for old in _replayed(*place, _marks_in(images.objects()[image_id].image.info)):
            olds.setdefault((old.exam_id, old.number), old).images.update(old.images)
    if not taken:
        return 0
    added = ledger.append_all(_decisions(sorted(olds.values(), key=lambda old: old.seconds)), historic=True).added
    _forget(images, taken)
    _log.info("%d decisions of before the ledger are in it now", added)
    return added


def _marks_in(info: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    marks = info.get(InfoKey.REVIEWS) or [info.get(InfoKey.REVIEW)]
    return [mark for mark in marks if isinstance(mark, Mapping) and (mark or info.get(InfoKey.REVIEWS))]


def _place_of(image_id: str, images: Any) -> tuple[str, str] | None:
    """Exam id and SOP Instance UID of an image; ``None`` for one that is away, or no mammogram."""
    try:
        described = images.describe(image_id)
    except MammoLensError:
        return None
    return (exam_id_of(described.exam_key), described.sop_instance_uid) if described else None


def _replayed(exam_id: str, uid: str, marks: list[Mapping[str, Any]]) -> Iterator[_Old]:
    """The decisions in one image's marks, and what took them back."""
    standing: list[str] = []
    for place, mark in enumerate(marks):
        undone: str | None = None
        number = str(mark.get(ReviewKey.DECISION) or f"{uid}#{place}")  # the oldest marks have none
        if mark.get(ReviewKey.UNDOES):
            undone = str(mark[ReviewKey.UNDOES])
        elif _verdict_of(mark) is None:  # an empty mark took the last one back
            undone = standing[-1] if standing else None
            if undone is None:
                continue
        if undone is None:
            standing.append(number)
        elif undone in standing:
            standing.remove(undone)
        else:
            continue
        yield _Old(exam_id, number, mark, _seconds(mark), undone, {uid: mark})


def _decisions(olds: list[_Old]) -> Iterator[Decision]:
    ids = {(old.exam_id, old.number): _id_of(old) for old in olds}
    for old in olds:
        p_value, model = old.mark.get(ReviewKey.EXAM_P_VALUE), old.mark.get(ReviewKey.MODEL)
        yield Decision(
            exam_id=old.exam_id,
            images=tuple(sorted(old.images)),
            # The mark of an undo has a verdict, too: that which counted from then on.
            verdict=None if old.undoes else _verdict_of(old.mark),
            undoes=ids[old.exam_id, old.undoes] if old.undoes else None,
            reviewer=str(old.mark.get(ReviewKey.REVIEWER) or _UNKNOWN)[:LONGEST_NAME],
            decision_id=_id_of(old),
            time=datetime.fromtimestamp(old.seconds, UTC),
            comment=str(old.mark.get(ReviewKey.COMMENT) or "")[:LONGEST_TEXT],
            regions=tuple(region for uid in sorted(old.images) for region in _regions(old.images[uid], uid)),
            model=str(model)[:LONGEST_NAME] if model else None,
            exam_p_value=p_value if isinstance(p_value, float) and 0 <= p_value <= 1 else None,
            viewer=str(old.mark.get(ReviewKey.VIEWER) or "")[:LONGEST_NAME],
            origin=Origin.IMPORT,
        )


def _id_of(old: _Old) -> uuid.UUID:
    """The same whenever the same marks are imported: a server may be killed before they are forgotten."""
    return uuid.uuid5(_NAMESPACE, "\n".join((old.exam_id, old.number, *sorted(old.images))))


def _verdict_of(mark: Mapping[str, Any]) -> Verdict | None:
    value = mark.get(ReviewKey.VERDICT, mark.get(ReviewKey.STATUS))
    return Verdict(value) if value in list(Verdict) else None


def _seconds(mark: Mapping[str, Any]) -> float:
    seconds = mark.get(ReviewKey.TIME)
    return min(float(seconds), datetime.now(UTC).timestamp()) if isinstance(seconds, int | float) else 0.0


def _regions(mark: Mapping[str, Any], uid: str) -> Iterator[Region]:
    drawn = mark.get(ReviewKey.REGIONS)
    for points in drawn if isinstance(drawn, list) else []:
        try:
            yield Region(uid, tuple((float(column), float(row)) for column, row in points))
        except (TypeError, ValueError, RequestError):  # of a client that wrote what it liked
            continue


def _forget(images: SharedState, taken: list[str]) -> None:
    with images.writing() as objects:
        for image_id in taken:
            known = objects[image_id]
            left = {
                key: value for key, value in known.image.info.items() if key not in (InfoKey.REVIEW, InfoKey.REVIEWS)
            }
            objects[image_id] = known.model_copy(update={"image": known.image.model_copy(update={"info": left})})
