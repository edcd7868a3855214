"""A data set through a model, image by image: each is read once, and only small things are kept of it."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType

import numpy as np
from PIL import Image, ImageDraw

from mammolens.datasets.base import Case, Lesion
from mammolens.errors import InputError
from mammolens.evaluation.evaluation_grid import EvaluationGrid
from mammolens.evaluation.image_baselines import IMAGE_BASELINES
from mammolens.evaluation.localisation import Localisation, localise
from mammolens.evaluation.pictures import Gallery
from mammolens.evaluation.scored import MODEL, ScoredImage
from mammolens.inference.batch import OnError, predict_files
from mammolens.inference.overlay import render_overlay
from mammolens.inference.predictor import Predictor
from mammolens.types import AnomalyResult, FloatImage, Mammogram

_LOG = logging.getLogger(__name__)
_PICTURE_SIDE = 440  # pixels of the longer side of each half of a picture
_GAP = 4
_LESION_COLOUR = (0, 200, 255)
_NO_MODELS: Mapping[str, Predictor] = MappingProxyType({})


def score_cases(
    predictor: Predictor,
    cases: Sequence[Case],
    *,
    against: Mapping[str, Predictor] = _NO_MODELS,
    gallery: Gallery | None = None,
    on_error: OnError,
) -> Iterator[ScoredImage]:
    """Score cases with a model, with other models and with baselines that need no model.

    Every case gives one scored image or one call of ``on_error``. If the data set marks lesions, the maps are compared
    with them: maps of images with located lesions, and of normal images for false positives.

    Args:
        predictor: the model that is measured.
        cases: with truth; exams are fused from the given cases.
        against: other models by name; if a model standardises its scores, the network's raw score is also compared,
            as 'NAME, raw'.
        gallery: offered every image, for pictures of the worst.
        on_error: called with the error of each image that cannot be used; the others are scored.
    """
    truth = {case.path: case for case in cases}
    marked = any(case.lesions for case in cases)
    attributes = {case.path: case.attributes for case in cases}
    for mammogram, result in predict_files(predictor, list(truth), attributes, on_error):
        case = truth[mammogram.header.path]
        try:
            grid = EvaluationGrid.of(mammogram, case.lesions)
        except InputError as error:
            on_error(error)
            continue
        scores, maps = _compared(mammogram, grid, against)
        wanted = marked and (bool(case.lesions) or not case.abnormal)
        maps = {MODEL: grid.resampled(result.anomaly_map), **maps} if wanted else {}
        patients = predictor.calibration.image_scales.of_group(result.record.acquisition_group).patients
        image = scored_image(case, result, patients, scores, _localised(grid, maps))
        if gallery is not None:
            gallery.offer(image, partial(compared_picture, mammogram, result, case.lesions))
        yield image


def scored_image(
    case: Case,
    result: AnomalyResult,
    calibration_patients: int | None = None,
    other_scores: dict[str, float] | None = None,
    localisations: dict[str, Localisation] | None = None,
) -> ScoredImage:
    """A model's result for a case, with its truth."""
    record = result.record
    return ScoredImage(
        path=case.path,
        patient_id=case.patient_id,
        exam_id=result.header.exam_id,
        abnormal=bool(case.abnormal),
        site=case.site,
        laterality=result.header.laterality,
        view=result.header.view,
        pred_score=record.pred_score,
        p_value=record.p_value,
        is_anomalous=record.is_anomalous,
        covariates=case.covariates,
        acquisition_group=record.acquisition_group,
        raw_score=record.raw_score,
        exam_p_value=record.exam_p_value,
        exam_is_anomalous=record.exam_is_anomalous,
        other_scores=other_scores or {},
        localisations=localisations or {},
        member_scores=dict(result.member_scores),
        calibration_patients=calibration_patients,
    )


def _compared(
    mammogram: Mammogram, grid: EvaluationGrid, against: Mapping[str, Predictor]
) -> tuple[dict[str, float], dict[str, FloatImage]]:
    """Scores and maps of the baselines and of the other models."""
    maps = {name: make(grid) for name, (make, _) in IMAGE_BASELINES.items()}
    scores = {name: score(grid, maps[name]) for name, (_, score) in IMAGE_BASELINES.items()}
    for name, predictor in against.items():
        try:
            result = predictor.predict(mammogram)
        except InputError as error:
            _LOG.warning("%s: %s", name, error)
            continue
        scores[name], maps[name] = result.record.pred_score, grid.resampled(result.anomaly_map)
        if predictor.config.calibration.standardise != "none":
            scores[f"{name}, raw"] = result.record.raw_score
    return scores, maps


def _localised(grid: EvaluationGrid, maps: Mapping[str, FloatImage]) -> dict[str, Localisation]:
    return {name: localise(values, grid.breast, grid.inner, grid.lesions) for name, values in maps.items()}


def compared_picture(mammogram: Mammogram, result: AnomalyResult, lesions: Sequence[Lesion]) -> bytes:
    """The image with its marked lesions and, to its right, the overlay, as a JPEG file."""
    overlay = Image.fromarray(render_overlay(mammogram.pixels, result, longest=_PICTURE_SIDE))
    low, high = np.percentile(mammogram.pixels, [1.0, 99.8])
    grey = np.clip((mammogram.pixels - low) / max(high - low, 1e-6), 0, 1) * 255
    plain = Image.fromarray(grey.astype(np.uint8)).resize(overlay.size, Image.Resampling.BOX).convert("RGB")
    pen, scale = ImageDraw.Draw(plain), overlay.width / mammogram.pixels.shape[1]
    for lesion in lesions:
        outline: Callable[..., None] = pen.rectangle if lesion.shape == "box" else pen.ellipse
        left, top = lesion.column - lesion.half_columns, lesion.row - lesion.half_rows
        right, bottom = lesion.column + lesion.half_columns, lesion.row + lesion.half_rows
        outline([scale * side for side in (left, top, right, bottom)], outline=_LESION_COLOUR, width=2)
    sheet = Image.new("RGB", (2 * overlay.width + _GAP, overlay.height), "white")
    sheet.paste(plain, (0, 0))
    sheet.paste(overlay, (overlay.width + _GAP, 0))
    content = io.BytesIO()
    sheet.save(content, format="JPEG", quality=80)
    return content.getvalue()
