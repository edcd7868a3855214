"""Pictures of the images on which a model errs most, for the report."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from mammolens.evaluation.scored import ScoredImage


class Mistake(StrEnum):
    """What went wrong."""

    FALSE_POSITIVE = "false positive"
    MISS = "miss"


@dataclass(frozen=True, slots=True)
class Picture:
    """A small picture with its caption; ``jpeg`` is the file's content."""

    mistake: Mistake
    caption: str
    jpeg: bytes

    @property
    def data_uri(self) -> str:
        """The picture embedded in a self-contained HTML page."""
        return f"data:image/jpeg;base64,{base64.b64encode(self.jpeg).decode()}"


class Gallery:
    """Keeps the pictures of the highest-scoring normals and of the lowest-scoring abnormals, one a patient.

    Images come one by one and none can be asked for again, so a picture is drawn as soon as its image is among
    the worst so far: about ``size * log(images)`` drawings altogether.

    Args:
        size: pictures kept of each mistake.
    """

    def __init__(self, size: int = 6) -> None:
        self.size = size
        self._kept: dict[Mistake, dict[str, tuple[float, Picture]]] = {mistake: {} for mistake in Mistake}

    def offer(self, image: ScoredImage, draw: Callable[[], bytes]) -> None:
        """Take the image's picture if it belongs here; ``draw`` gives a JPEG file's content."""
        mistake = Mistake.MISS if image.abnormal else Mistake.FALSE_POSITIVE
        rank = -image.pred_score if image.abnormal else image.pred_score
        kept = self._kept[mistake]
        others = [bad for patient, (bad, _) in kept.items() if patient != image.patient_id]
        if rank <= kept.get(image.patient_id, (-float("inf"),))[0]:
            return
        if sum(bad >= rank for bad in others) >= self.size:
            return
        kept[image.patient_id] = (rank, Picture(mistake, caption(image), draw()))
        if len(kept) > self.size:
            del kept[min(kept, key=lambda patient: kept[patient][0])]

    def pictures(self) -> list[Picture]:
        """False positives, then misses, the worst first."""
        return [
            picture for kept in self._kept.values() for _, picture in sorted(kept.values(), key=lambda entry: -entry[0])
        ]


def caption(image: ScoredImage) -> str:
    """Patient, view, score and decision in one line."""
    view = " ".join(part for part in (image.laterality, image.view) if part) or "view unknown"
    machine = f", machine {image.acquisition_group}" if image.acquisition_group else ""
    flagged = "flagged" if image.is_anomalous else "not flagged"
    return f"{image.patient_id}, {view}{machine}: score {image.pred_score:.4g}, p = {image.p_value:.3g}, {flagged}"
