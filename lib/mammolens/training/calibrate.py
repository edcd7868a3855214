"""Score normal patients that learning never saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from mammolens.calibration.calibration import Calibration, NormalExam, NormalImage
from mammolens.config import ModelConfig
from mammolens.datasets.base import Case
from mammolens.errors import DatasetError
from mammolens.inference.exam import ImageScore, fuse
from mammolens.inference.scorer import Scorer
from mammolens.training.preparation import prepared_cases
from mammolens.transforms.load import header_of
from mammolens.transforms.pipeline import Pipeline


def calibrate(
    scorer: Scorer, pipeline: Pipeline, cases: Sequence[Case], config: ModelConfig, on_done: Callable[[], None]
) -> tuple[Calibration, tuple[Case, ...]]:
    """Image and exam scores of held-back normal patients, patients as ordinals.

    Returns:
        The calibration, and those of the cases that it comes from: the others cannot be used.

    Raises:
        DatasetError: none of the images can be used.
    """
    used: list[Case] = []
    images: list[NormalImage] = []
    exams: dict[tuple[int, str], list[ImageScore]] = defaultdict(list)
    ordinals = {patient: number for number, patient in enumerate(sorted({case.patient_id for case in cases}))}
    for case, prepared in prepared_cases(cases, pipeline, on_done):
        header, grid, patient = header_of(prepared.image), scorer.score(prepared), ordinals[case.patient_id]
        used.append(case)
        images.append(
            NormalImage(
                patient=patient,
                view=header.view,
                acquisition_group=header.acquisition_group,
                pred_score=grid.pred_score,
                map_peak=grid.map_peak,
            )
        )
        exams[patient, header.exam_id].append(ImageScore(header, grid.pred_score))
    if not images:
        raise DatasetError("calibration", "none of its images can be used", "see the images that were left out")
    fused = [
        NormalExam(patient=patient, exam_score=fuse(scores, config.scoring.fusion).exam)
        for (patient, _), scores in exams.items()
    ]
    return Calibration(tuple(images), tuple(fused), config.calibration), tuple(used)
