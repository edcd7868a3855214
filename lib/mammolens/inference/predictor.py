"""A model with its calibration: from mammograms to results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from mammolens import RESEARCH_USE_ONLY
from mammolens.calibration.calibration import Calibration
from mammolens.calibration.standardisation import Acquisition
from mammolens.config import AnyConfig, limitation_of, load_any_config
from mammolens.enums import QualityFlag, RuntimeName, SpacingSource
from mammolens.errors import ConfigError
from mammolens.inference.blur import BlurDetector, finest_detail
from mammolens.inference.breast_view import breast_view
from mammolens.inference.calcifications import CORNERS, CalcificationDetector, highest, is_cluster
from mammolens.inference.detector import CalcificationHeat, Detection, Detector, NetworkDetector, prepare_all
from mammolens.inference.ensemble_detector import EnsembleDetector
from mammolens.inference.exam import ImageScore
from mammolens.inference.exam_inference import ExamInference, infer_exam
from mammolens.inference.findings import find_findings, numbers_by_strength
from mammolens.inference.image_statistics import image_statistics
from mammolens.inference.landmarks import landmarks_of
from mammolens.inference.out_of_distribution import OutOfDistributionDetector
from mammolens.inference.quality import pixel_flags
from mammolens.models.calcifications import limitation_with
from mammolens.models.device_names import AUTO
from mammolens.models.devices import REFERENCE, Device, choose_device
from mammolens.models.directory import CALIBRATION, CONFIG, AnyModel, TrainedEnsemble, load_any_model
from mammolens.models.store import pretrained_directory
from mammolens.names import path_as_text
from mammolens.transforms.load import header_of
from mammolens.transforms.pipeline import Prepared
from mammolens.types import (
    COARSEST_FOR_CALCIFICATIONS_MM,
    AnomalyRecord,
    AnomalyResult,
    AnyPath,
    BoolImage,
    Finding,
    FloatImage,
    ImageHeader,
    Mammogram,
)

_PIXELS_AVERAGED = 4  # of a reduced image, in each direction, in one of the network's
_NOT_LOOKED_AT = (
    "Calcifications were not looked for: the image's pixels are larger than "
    f"{COARSEST_FOR_CALCIFICATIONS_MM:g} mm, or their size is not known."
)


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """One image before its exam is known: its score, and maps on the network's grid."""

    score: ImageScore
    shape: tuple[int, int]
    detection: Detection


def load_calibration(directory: Path) -> Calibration:
    """Read the calibration of a model directory, without its weights.

    Raises:
        ConfigError, ModelError: the configuration or the calibration is missing or damaged.
    """
    config = load_any_config(directory / CONFIG)
    return Calibration.load(directory / CALIBRATION, config.calibration, config.scoring.fusion)


class Predictor:
    """Predicts with one model, or with an ensemble as one; safe to share between threads.

    Attributes:
        model_id: of the model directory.
        calibration_id: of its calibration.
        config: of the model.
        runtimes: that run its network, or those of its members.
        device: that torch runs networks on.
    """

    def __init__(
        self,
        model: AnyModel,
        calibration: Calibration,
        runtime: RuntimeName | str = RuntimeName.TORCH,
        device: Device = REFERENCE,
    ) -> None:
        self._model = model
        self.device = device
        self._runtime = wanted = _runtime_named(runtime)
        if wanted is RuntimeName.AUTO and not device.is_cpu:
            wanted = RuntimeName.TORCH  # the others run on the processor
        self.model_id = model.model_id
        self.calibration_id = calibration.calibration_id
        self.config: AnyConfig = model.config
        self.calibration = calibration
        self._detector: Detector = (
            EnsembleDetector(model, wanted, device)
            if isinstance(model, TrainedEnsemble)
            else NetworkDetector(model, wanted, device)
        )
        self.runtimes = self._detector.runtimes
        self._pipeline = self._detector.pipelines[0]  # on whose grid the maps lie
        self._scale, branch = calibration.calcifications, model.calcifications
        takes_part = branch is not None and self._scale is not None
        self._calcifications = CalcificationDetector(branch, device) if branch is not None and takes_part else None
        general = limitation_of([pipeline.config for pipeline in self._detector.pipelines])
        self._limitation = limitation_with(branch, general, takes_part=takes_part)
        self._out_of_distribution = OutOfDistributionDetector.of(calibration.images)
        self._blur = BlurDetector.of(calibration.images)

    @classmethod
    def load(
        cls,
        directory: AnyPath | None = None,
        *,
        runtime: RuntimeName | str = RuntimeName.TORCH,
        device: str | Device = AUTO,
    ) -> Predictor:
        """Load a model directory; by default the shipped model.

        Args:
            directory: of the model.
            runtime: what runs the network, ``torch``, ``onnxruntime`` or ``openvino``; ``auto``: the fastest that is
                installed and gives the same results as torch. The calcification branch is always run by torch.
            device: that torch runs on, ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``; with a precision, by
                :func:`mammolens.models.devices.choose_device`. Other runtimes use the processor; on another device,
                ``auto`` is torch.

        Raises:
            ConfigError: the runtime is unknown, or its package is missing; or there is no such device.
            ModelError: incomplete or damaged, or the runtime gives other results than torch.

        Example:
            >>> from mammolens import mammogram_from_array
            >>> from mammolens.datasets.phantom import make_phantom_exam
            >>> mammogram = mammogram_from_array(make_phantom_exam(7).views[0].pixels)
            >>> result = Predictor.load().predict(mammogram)
            >>> 0 <= result.record.percentile <= 100, result.anomaly_map.shape == mammogram.pixels.shape
            (True, True)
        """
        directory = pretrained_directory() if directory is None else Path(directory)
        return cls(load_any_model(directory), load_calibration(directory), runtime, choose_device(device))

    def on(self, device: Device) -> Predictor:
        """The same model on a device; this one, if it runs there already."""
        if device == self.device:
            return self
        return Predictor(self._model, self.calibration, self._runtime, device)

    @property
    def detail_mm(self) -> float | None:
        """Size in mm of the finest detail that scores need, for :func:`~mammolens.dicom.reader.read_mammogram`.

        A quarter of the network's pixels: what is finer averages out. ``None``: scores need all details, since the
        pixels have no fixed size, or the calcification branch takes part.
        """
        grids = [pipeline.config for pipeline in self._detector.pipelines]
        sizes = [grid.pixel_size_mm for grid in grids if grid.grid == "pixel_size" and grid.pixel_size_mm is not None]
        if self._calcifications is not None or len(sizes) < len(grids):
            return None
        return min(sizes) / _PIXELS_AVERAGED

    def score(self, mammogram: Mammogram) -> ImageScore:
        """The image's score alone, without maps on the original grid."""
        return self.analyse(mammogram).score

    def score_prepared(self, *prepared: Prepared) -> ImageScore:
        """The score of an image that the pipeline of this model, or of each of its members, prepared already.

        Without the calcification branch, which takes the image's own pixels.
        """
        return self._scored(prepared)[0]

    def image_p_value(self, score: ImageScore) -> float:
        """Conformal p-value of an image score, in (0, 1], among normal images of its machine if there are enough."""
        return self.calibration.image_p_value(score.pred_score, score.header.acquisition_group)

    def infer_exam(self, scores: Sequence[ImageScore]) -> ExamInference:
        """Fuse scores by this model, at least one, and compare the exam with normal exams."""
        return infer_exam(scores, self.calibration, self.config.scoring.fusion)

    def is_anomalous(self, score: ImageScore) -> bool:
        """The decision of the configured rule for an image score."""
        return score.pred_score >= self.calibration.threshold(score.header.acquisition_group)

    def predict(self, mammogram: Mammogram, siblings: Sequence[ImageScore] = ()) -> AnomalyResult:
        """Predict one image.

        Args:
            mammogram: the image.
            siblings: scores by the same model of the exam's other images, for the fused scores; by default, the exam
                is this image alone.
        """
        analysis = self.analyse(mammogram)
        return self.result_of(analysis, [*siblings, analysis.score])

    def predict_exam(self, mammograms: Sequence[Mammogram]) -> list[AnomalyResult]:
        """Predict all images of one exam together; results in the order of the images."""
        return list(self.results_of([self.analyse(mammogram) for mammogram in mammograms]))

    def analyse(self, mammogram: Mammogram) -> Analysis:
        """Score one image.

        Raises:
            UnsupportedMammogramError: the preprocessing finds no breast, or one too large for the grid.
        """
        score, detection = self._scored(prepare_all(self._detector.pipelines, mammogram), mammogram)
        rows, columns = mammogram.pixels.shape
        return Analysis(score, (rows, columns), detection)

    def network_input(self, mammogram: Mammogram) -> FloatImage:
        """The input of the network, or of an ensemble's first member, on the original grid.

        Returns:
            ``(rows, cols)`` float32 in [0, 1], 0 outside the breast.

        Raises:
            UnsupportedMammogramError: as :meth:`analyse`.
        """
        prepared = self._pipeline.prepare(mammogram)
        return self._pipeline.restore_image(prepared.image.as_tensor(), prepared)

    def result_of(self, analysis: Analysis, exam: Sequence[ImageScore]) -> AnomalyResult:
        """The result of an analysed image: its map on the original grid, compared with normal patients.

        Args:
            analysis: by this predictor.
            exam: scores of all images of the exam, this one included.
        """
        return self._result(analysis, exam, self._findings(analysis))

    def results_of(self, exam: Sequence[Analysis]) -> Iterator[AnomalyResult]:
        """The results of all images of an exam, whose findings are numbered together, 1 the strongest.

        Args:
            exam: analyses by this predictor.

        Yields:
            One result after the other, in the order of the images, since the maps of a single one take 100 MB.
        """
        scores = [analysis.score for analysis in exam]
        found = [self._findings(analysis) for analysis in exam]
        numbers = numbers_by_strength([findings for findings, _ in found])
        for analysis, of_image, own in zip(exam, found, numbers, strict=True):
            yield self._result(analysis, scores, of_image, own)

    def _result(
        self,
        analysis: Analysis,
        exam: Sequence[ImageScore],
        findings: tuple[list[Finding], int],
        numbers: Sequence[int] | None = None,
    ) -> AnomalyResult:
        grid, prepared = analysis.detection.grid, analysis.detection.prepared
        return AnomalyResult(
            header=analysis.score.header,
            record=self._record(analysis, exam, *findings),
            anomaly_map=self._pipeline.restore_map(grid.anomaly_map, prepared),
            restore=partial(self._pipeline.restore_image, grid.reconstruction, prepared),
            member_scores=analysis.detection.member_scores,
            finding_numbers=numbers,
        )

    def flagged_header(self, mammogram: Mammogram) -> ImageHeader:
        """The image's header with all the flags that a prediction gives; the networks are not run.

        Raises:
            UnsupportedMammogramError: as :meth:`analyse`.
        """
        prepared = prepare_all(self._detector.pipelines, mammogram)[0]
        return self._flagged(header_of(prepared.image), prepared)

    def _flagged(self, header: ImageHeader, prepared: Prepared) -> ImageHeader:
        return header.flagged(*self._flags(header, prepared))

    def _scored(self, prepared: Sequence[Prepared], mammogram: Mammogram | None = None) -> tuple[ImageScore, Detection]:
        detection = self._detector.detect(prepared)
        header, raw_score = header_of(detection.prepared.image), detection.grid.pred_score
        source = Acquisition(header.acquisition_group, header.view)
        score = self.calibration.standardisation.score(raw_score, source)
        if mammogram is not None:
            detection = self._with_calcifications(detection, mammogram, source)
        if detection.calcifications is not None:
            score = max(score, detection.calcifications.score)
        flagged = self._flagged(header, detection.prepared)
        if detection.grid.memory_exhausted:
            flagged = flagged.flagged(QualityFlag.MEMORY_EXHAUSTED)
        return ImageScore(flagged, score, raw_score), detection

    def _with_calcifications(self, detection: Detection, mammogram: Mammogram, source: Acquisition) -> Detection:
        """With what the calcification branch finds, where it takes part and the pixels are fine enough."""
        if self._calcifications is None or self._scale is None:
            return detection
        clusters = self._calcifications.evidence(mammogram, detection.prepared, self._pipeline)
        if clusters is None:
            return detection
        evidence, exhausted = clusters
        found = CalcificationHeat(self._scale.score(highest(evidence), source), self._scale.heat(evidence, source))
        hotter = torch.maximum(detection.grid.anomaly_map, torch.from_numpy(found.heat)[None])
        exhausted = exhausted or detection.grid.memory_exhausted
        grid = replace(detection.grid, anomaly_map=hotter, memory_exhausted=exhausted)
        return replace(detection, grid=grid, calcifications=found)

    def _findings(self, analysis: Analysis) -> tuple[list[Finding], int]:
        header, prepared = analysis.score.header, analysis.detection.prepared
        levels = self.calibration.levels(header.acquisition_group)
        on_grid = analysis.detection.grid.anomaly_map
        if not (on_grid.numpy() >= levels[self.config.findings.level]).any():
            return [], 0  # nor will there be on the original grid
        anomaly_map, (top, _, left, _) = self._pipeline.restore_in_box(on_grid, prepared)
        breast = self._breast(analysis)
        landmarks = partial(landmarks_of, prepared, self._pipeline)
        percentile = partial(self.calibration.finding_percentile, acquisition_group=header.acquisition_group)
        findings, left_out = find_findings(
            anomaly_map, breast, header, levels, self.config.findings, landmarks, percentile, corner=(top, left)
        )
        return [self._with_kind(finding, analysis.detection) for finding in findings], left_out

    def _breast(self, analysis: Analysis) -> BoolImage:
        """The part of the original image inside the skin line."""
        prepared = analysis.detection.prepared
        shares, (top, bottom, left, right) = self._pipeline.restore_in_box(prepared.mask.as_tensor(), prepared)
        breast = np.zeros(analysis.shape, dtype=bool)
        breast[top:bottom, left:right] = shares > 0.5
        return breast

    def _with_kind(self, finding: Finding, detection: Detection) -> Finding:
        """The finding, which may be a cluster of calcifications."""
        if detection.calcifications is None:
            return finding
        corners = self._pipeline.restore_points(CORNERS, detection.prepared)
        anomaly_map = detection.grid.anomaly_map[0].numpy()
        cluster = is_cluster(finding.peak_location, detection.calcifications.heat, anomaly_map, corners)
        return finding.model_copy(update={"calcifications": cluster})

    def _unusual_statistic(self, prepared: Prepared) -> str | None:
        if self._out_of_distribution is None:
            return None
        return self._out_of_distribution.outlying_statistic(image_statistics(breast_view(prepared)))

    def _flags(self, header: ImageHeader, prepared: Prepared) -> list[QualityFlag]:
        flags = pixel_flags(breast_view(prepared))
        if header.spacing is not None and not header.spacing.shows_calcifications:
            flags.append(QualityFlag.COARSE_PIXELS)
        if self._blur is not None and self._blur.is_blurred(finest_detail(prepared), header.acquisition_group):
            flags.append(QualityFlag.BLURRED)
        if self._unusual_statistic(prepared):
            flags.append(QualityFlag.OUT_OF_DISTRIBUTION)
        if header.view not in self.calibration.views:
            flags.append(QualityFlag.VIEW_NOT_CALIBRATED)
        if header.acquisition_group not in self.calibration.acquisition_groups:
            flags.append(QualityFlag.ACQUISITION_NOT_CALIBRATED)
        return flags

    def _limitation_of(self, detection: Detection) -> str | None:
        if self._calcifications is None or detection.calcifications is not None:
            return self._limitation
        return _NOT_LOOKED_AT

    def _record(
        self, analysis: Analysis, exam: Sequence[ImageScore], findings: list[Finding], findings_left_out: int
    ) -> AnomalyRecord:
        header, score, found = analysis.score.header, analysis.score, analysis.detection.calcifications
        inferred = self.infer_exam(exam)
        breast = inferred.breasts[header.laterality]
        p_value = self.image_p_value(score)
        threshold = self.calibration.threshold(header.acquisition_group)
        return AnomalyRecord(
            # A file name may hold bytes that are not UTF-8, which JSON does not know.
            path=path_as_text(header.path),
            sop_instance_uid=header.sop_instance_uid,
            patient=header.patient_id,
            exam=header.exam_id,
            laterality=header.laterality,
            laterality_source=header.laterality_source,
            view=header.view,
            view_source=header.view_source,
            acquisition_group=header.acquisition_group,
            rows=analysis.shape[0],
            columns=analysis.shape[1],
            spacing_source=header.spacing.source if header.spacing else SpacingSource.NONE,
            raw_score=score.raw_score,
            pred_score=score.pred_score,
            calcification_score=found.score if found else None,
            threshold=threshold if np.isfinite(threshold) else None,
            is_anomalous=self.is_anomalous(score),
            decision_rule=self.calibration.decision_rule,
            p_value=p_value,
            percentile=100.0 * (1.0 - p_value),
            category=self.calibration.image_category(score.pred_score, header.acquisition_group),
            breast_score=inferred.fused.breasts[header.laterality],
            breast_p_value=breast.p_value,
            breast_decile=breast.decile,
            breast_category=breast.category,
            exam_score=inferred.fused.exam,
            exam_p_value=inferred.p_value,
            exam_percentile=inferred.percentile,
            exam_decile=inferred.decile,
            exam_category=inferred.category,
            exam_calibration_patients=inferred.calibration_patients,
            exam_is_anomalous=inferred.is_anomalous,
            asymmetry=inferred.asymmetry,
            asymmetry_p_value=inferred.asymmetry_p_value,
            levels=self.calibration.levels(header.acquisition_group),
            level_shares=self.calibration.config.levels,
            findings=findings,
            findings_left_out=findings_left_out,
            quality_flags=list(header.flags),
            outlying_statistic=self._unusual_statistic(analysis.detection.prepared),
            unusable_attributes=list(header.unusable_attributes),
            model=self.model_id,
            calibration=self.calibration_id,
            limitation=self._limitation_of(analysis.detection),
            notice=RESEARCH_USE_ONLY,
        )


def _runtime_named(name: RuntimeName | str) -> RuntimeName:
    try:
        return RuntimeName(name)
    except ValueError as error:
        raise ConfigError(f"runtime {name}", "is not known", f"use {', '.join(RuntimeName)}") from error
