"""Results of a few files as a folder for a web page: an index, pictures and maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mammolens.dicom.export import write_volume
from mammolens.enums import NormalityCategory
from mammolens.errors import InputError
from mammolens.files import atomic_file, write_text
from mammolens.inference.batch import predict_files
from mammolens.inference.exam import ImageScore
from mammolens.inference.findings import numbers_by_strength
from mammolens.inference.layers import layers_of
from mammolens.inference.outputs import write_overlay
from mammolens.inference.predictor import Predictor
from mammolens.names import path_as_text
from mammolens.types import AnomalyRecord, AnomalyResult, Mammogram

INDEX: Final = "index.json"
OnProgress = Callable[[int, int, str], None]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PresentedView(_Part):
    """One image: its numbers, and names of its files in the folder."""

    record: AnomalyRecord = Field(description="its path is the file's name as uploaded")
    overlay: str = Field(description="PNG with heat, findings, caption and legend, as `mammolens predict` writes it")
    anomaly_map: str = Field(description=".nrrd, float, in the image's geometry")
    image: str = Field(description="JPEG")
    network_input: str = Field(description="JPEG, the network's input")
    reconstruction: str = Field(description="JPEG, the model's normal reconstruction")
    heat: dict[str, str] = Field(description="PNG of the heat from each level on")

    def within(self, subfolder: str) -> PresentedView:
        """The same view, its files in a folder further down."""
        names = ("overlay", "anomaly_map", "image", "network_input", "reconstruction")
        moved: dict[str, object] = {name: f"{subfolder}/{getattr(self, name)}" for name in names}
        moved["heat"] = {level: f"{subfolder}/{name}" for level, name in self.heat.items()}
        return self.model_copy(update=moved)


class PresentedBreast(_Part):
    """One breast among normal breasts of as many views."""

    laterality: str | None
    percentile: float
    p_value: float
    decile: int = Field(description="tenth of normal breasts, shown as score; 10 is the most anomalous")
    category: NormalityCategory | None


class PresentedExam(_Part):
    """The views of one exam, and the normal exams that it is compared with."""

    patient: str
    study_date: date | None = Field(description="of the header; None: not known")
    views: list[PresentedView]
    breasts: list[PresentedBreast]
    score_meaning: str = Field(description="what the score and the category mean, and how exact they are")
    threshold: float | None = Field(description="exam score from which the rule flags; None: never")
    normal_scores: list[float] = Field(description="exam scores of normal exams of the same shape, rising")
    normal_weights: list[float] = Field(description="weight of each score, as a share of all normal patients")

    @property
    def of_exam(self) -> AnomalyRecord:
        """A record whose numbers of the exam count: they are the same in all."""
        return self.views[0].record

    @property
    def finding_numbers(self) -> list[list[int]]:
        """Of the findings of each view: 1 is the strongest of the exam."""
        return numbers_by_strength([view.record.findings for view in self.views])

    def within(self, subfolder: str) -> PresentedExam:
        """The same exam, its files in a folder further down."""
        return self.model_copy(update={"views": [view.within(subfolder) for view in self.views]})


class Problem(_Part):
    """A file that could not be analysed."""

    name: str
    reason: str
    remedy: str


class Presentation(_Part):
    """The results of some files."""

    exams: list[PresentedExam]
    problems: list[Problem]

    @classmethod
    def load(cls, folder: Path) -> Presentation:
        """Read a folder's index.

        Raises:
            InputError: it is missing or of another version.
        """
        try:
            return cls.model_validate_json((folder / INDEX).read_bytes())
        except (OSError, ValidationError) as error:
            raise InputError(folder / INDEX, "cannot be read", "use the same version on both sides") from error


def present(
    predictor: Predictor, files: Mapping[Path, str], folder: Path, on_progress: OnProgress = lambda *_: None
) -> Presentation:
    """Analyse files as `mammolens predict` does, and write what a page shows.

    Args:
        predictor: the model.
        files: paths, each with the name it was uploaded under.
        folder: to write to; made if missing, its parents are not.
        on_progress: called with the images done, their total and the name of the last one.
    """
    problems: list[Problem] = []

    def fail(error: InputError) -> None:
        problems.append(problem_of(error, files))
        on_progress(len(problems) + done, len(files), problems[-1].name)

    done, exams = 0, []
    folder.mkdir(exist_ok=True)  # fails if the session's folder was removed meanwhile; nobody waits for the result then
    analysed = predict_files(predictor, list(files), {}, fail)
    for _, members in groupby(analysed, key=lambda pair: pair[1].header.exam_key):
        views, scores = [], []
        for mammogram, result in members:
            done += 1
            views.append(_view(predictor, mammogram, result, files, folder, f"{done:03d}"))
            scores.append(ImageScore(result.header, result.record.pred_score, result.record.raw_score))
            on_progress(done + len(problems), len(files), views[-1].record.path)
        exams.append(_exam(predictor, views, scores))
    presentation = Presentation(exams=exams, problems=problems)
    write_text(folder / INDEX, presentation.model_dump_json())
    return presentation


def problem_of(error: InputError, files: Mapping[Path, str]) -> Problem:
    """The error with the uploaded file's name instead of paths on this computer."""
    texts = {path_as_text(path): name for path, name in files.items()}

    def named(text: str) -> str:
        for path, name in texts.items():
            text = text.replace(path, name)
        return text

    return Problem(name=named(error.source), reason=named(error.reason), remedy=named(error.remedy))


def _view(
    predictor: Predictor,
    mammogram: Mammogram,
    result: AnomalyResult,
    files: Mapping[Path, str],
    folder: Path,
    stem: str,
) -> PresentedView:
    layers = layers_of(mammogram, result, predictor.network_input(mammogram))
    contents = {
        "image.jpg": layers.image,
        "input.jpg": layers.network_input,
        "reconstruction.jpg": layers.reconstruction,
    }
    contents |= {f"heat-{number}.png": content for number, content in enumerate(layers.heat.values(), 1)}
    for suffix, content in contents.items():
        with atomic_file(folder / f"{stem}.{suffix}") as temporary:
            temporary.write_bytes(content)
    anomaly_map = folder / f"{stem}.anomaly.nrrd"
    write_volume(result.anomaly_map, result.header, anomaly_map)
    return PresentedView(
        record=result.record.model_copy(update={"path": files[mammogram.header.path]}),
        overlay=write_overlay(result, mammogram, folder, stem).name,
        anomaly_map=anomaly_map.name,
        image=f"{stem}.image.jpg",
        network_input=f"{stem}.input.jpg",
        reconstruction=f"{stem}.reconstruction.jpg",
        heat={name: f"{stem}.heat-{number}.png" for number, name in enumerate(layers.heat, 1)},
    )


def _exam(predictor: Predictor, views: list[PresentedView], scores: list[ImageScore]) -> PresentedExam:
    inferred = predictor.infer_exam(scores)
    fused, calibration = inferred.fused, predictor.calibration
    threshold = calibration.exam_threshold(fused.acquisition_group, fused.shape)
    normal = calibration.exam_scales.of_shape(fused.shape).of_group(fused.acquisition_group)
    return PresentedExam(
        patient=views[0].record.patient,
        study_date=min((score.header.study_date for score in scores if score.header.study_date), default=None),
        views=sorted(views, key=_hanging),
        breasts=[
            PresentedBreast(
                laterality=side,
                percentile=breast.percentile,
                p_value=breast.p_value,
                decile=breast.decile,
                category=breast.category,
            )
            for side, breast in sorted(inferred.breasts.items(), key=lambda one: one[0] or "", reverse=True)
        ],
        score_meaning=calibration.score_meaning,
        threshold=threshold if np.isfinite(threshold) else None,
        normal_scores=normal.scores.tolist(),
        normal_weights=normal.weights.tolist(),
    )


def _hanging(view: PresentedView) -> tuple[bool, str, bool]:
    """CC before MLO, and the right breast on the left, as readers hang films."""
    record = view.record
    return record.view != "CC", record.view or "", record.laterality != "R"
