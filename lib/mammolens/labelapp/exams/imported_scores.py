"""Take over scores that ``mammolens score`` computed elsewhere, so that the worklist is in order before inference."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from mammolens import __version__
from mammolens.errors import RequestError
from mammolens.inference.exam import ImageScore
from mammolens.labelapp.datastore.contracts import ExamImages
from mammolens.labelapp.datastore.stored_score import ScoringModel, StoredScore, is_processed
from mammolens.labelapp.exams.exam import Exams
from mammolens.labelapp.exams.inference_runner import InferenceRunner
from mammolens.labelapp.parameters import ImportedScore, ScoresParameters
from mammolens.labelapp.responses.exams import ScoreImport
from mammolens.types import ImageHeader


def import_scores(
    wanted: ScoresParameters, exams: Exams, images: ExamImages, runner: InferenceRunner, model: ScoringModel
) -> ScoreImport:
    """Store the scores of images that this server has and that ``model`` has not processed; all of them or none.

    The exams stay ``new``: maps and findings come with their inference.

    Args:
        wanted: scores by SOP Instance UID.
        exams: of the datastore.
        images: the datastore.
        runner: no inference of these exams runs meanwhile.
        model: the serving model.

    Raises:
        RequestError: the scores are of another model, calibration or version.
        StorageError: they cannot be written.
    """
    _refuse_others(wanted, model)
    here: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)  # copies share a UID
    for exam in exams.all().values():
        for image in exam.images:
            here[image.sop_instance_uid].append((exam.exam_id, image.image_id))
    known = {row.sop_instance_uid: row for row in wanted.images if row.sop_instance_uid in here}
    found = [place for uid in known for place in here[uid]]
    with runner.held({exam_id for exam_id, _ in found}):
        infos = images.infos(image_id for _, image_id in found)
        stored: dict[str, dict[str, Any]] = {}
        done = 0
        for uid, row in known.items():
            new = [
                image_id
                for _, image_id in here[uid]
                if not is_processed(infos.get(image_id, {}), model.model_id, model.calibration_id)
            ]
            stored |= dict.fromkeys(new, _score(row, model).as_info())
            done += bool(new)
        if stored:
            images.update_image_infos(stored)
    return ScoreImport(stored=done, already_processed=len(known) - done, unknown=len(wanted.images) - len(known))


def _refuse_others(wanted: ScoresParameters, model: ScoringModel) -> None:
    of_scores = wanted.model, wanted.calibration, wanted.mammolens
    serving = model.model_id, model.calibration_id, __version__
    for name, theirs, ours in zip(("model", "calibration", "mammolens"), of_scores, serving, strict=True):
        if theirs != ours:
            reason = f"the scores are of {theirs!a}, this server uses {ours}"
            raise RequestError(name, reason, "score the archive as this server would, or infer the exams here")


def _score(row: ImportedScore, model: ScoringModel) -> StoredScore:
    header = ImageHeader(
        path=Path(row.sop_instance_uid),
        sop_instance_uid=row.sop_instance_uid,
        patient_id="",
        exam_id="",
        laterality=row.laterality,
        view=row.view,
        acquisition_group=row.acquisition_group,
        software_versions=row.software_versions,
    )
    return StoredScore.by(model, ImageScore(header, row.pred_score, row.raw_score))
