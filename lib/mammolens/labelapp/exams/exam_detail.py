"""An exam as a viewer shows it: its worklist line, its views with findings, its decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import pydicom

from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.dicom.derived.levels import colours_of
from mammolens.inference.exam_words import reach, standing
from mammolens.inference.finding_words import finding_in_words
from mammolens.inference.flag_explanations import explanations
from mammolens.inference.predictor import Predictor
from mammolens.labelapp.datastore.descriptions import ImageDescription
from mammolens.labelapp.datastore.results import KeptResult, Of
from mammolens.labelapp.datastore.stored_score import problem_by
from mammolens.labelapp.exams.decisions import Decisions, utc_of
from mammolens.labelapp.exams.exam import Exam, view_of_image
from mammolens.labelapp.exams.inference import ERRORS, RECORD, STORED_AT, Bench
from mammolens.labelapp.exams.inference_runner import Judging, judged_as
from mammolens.labelapp.exams.ledger_snapshot import ExamDecisions
from mammolens.labelapp.exams.worklist import Worklist
from mammolens.labelapp.exams.worklist_entry import judgement_of
from mammolens.labelapp.keys import InfoKey
from mammolens.labelapp.responses.exams import (
    BreastSummary,
    DecisionDetail,
    ExamDetail,
    FindingDetail,
    HeatLevel,
    JudgingProgress,
    QualityDoubt,
    RegionDetail,
    SegmentationReference,
    ViewDetail,
)
from mammolens.labelapp.serving import Serving
from mammolens.types import AnomalyRecord


class ExamDetails:
    """Tells one exam in full."""

    def __init__(
        self, worklist: Worklist, judging: Judging, decisions: Decisions, models: Serving, bench: Bench
    ) -> None:
        self._worklist = worklist
        self._judging = judging
        self._decisions = decisions
        self._models = models
        self._bench = bench

    def of(self, exam: Exam) -> ExamDetail:
        """The exam, as it is now.

        Raises:
            ModelError: no model serves.
        """
        predictor, progress = self._models.predictor(), self._judging.progress(exam.exam_id)
        mark = judged_as(exam.image_ids, predictor, self._bench.policy)
        kept = self._bench.results.get(Of.EXAM, exam.exam_id, mark)
        facts = kept.facts if kept else {}
        return ExamDetail(
            **dict(self._worklist.entry(exam)),
            progress=JudgingProgress(**asdict(progress)) if progress else None,
            decision_rule=predictor.calibration.decision_rule,
            breasts=self._breasts(exam, predictor),
            levels=self._levels(exam, predictor),
            views_in_detail=[
                self._view(image, predictor.model_id, mark, facts.get(ERRORS, {})) for image in exam.images
            ],
            decisions=_decisions(exam, self._decisions.of(exam)),
            next=self._worklist.next_of(exam),
            stored_at=facts.get(STORED_AT),
            can_store=self._bench.images.can_store(),
            model=predictor.model_id,
            calibration=predictor.calibration_id,
        )

    def _breasts(self, exam: Exam, predictor: Predictor) -> list[BreastSummary]:
        infos = self._bench.images.infos(exam.image_ids)
        judgement = judgement_of(exam, [infos.get(image_id, {}) for image_id in exam.image_ids], predictor)
        if judgement is None:
            return []
        return [
            BreastSummary(
                laterality=side,
                score=score,
                sentence=standing(100 * (1 - judgement.breast_p_values[side]), "breasts"),
            )
            for side, score in judgement.fused.breasts.items()
        ]

    def _levels(self, exam: Exam, predictor: Predictor) -> list[HeatLevel]:
        infos = self._bench.images.infos(exam.image_ids).values()
        groups = {info.get(InfoKey.ACQUISITION_GROUP) for info in infos}
        starts = predictor.calibration.levels(groups.pop() if len(groups) == 1 else None)
        shares, colours = predictor.config.calibration.levels, colours_of(len(starts))
        return [
            HeatLevel(
                name=name,
                value=value,
                share=shares[name],
                segment=number,
                colour="#{:02x}{:02x}{:02x}".format(*colour),
                meaning=reach(shares[name]),
            )
            for number, ((name, value), colour) in enumerate(zip(starts.items(), colours, strict=True), start=1)
        ]

    def _view(self, image: ImageDescription, model: str, mark: str, errors: Mapping[str, str]) -> ViewDetail:
        info = self._bench.images.infos([image.image_id]).get(image.image_id, {})
        laterality, view = view_of_image(image, info)
        told = self._bench.results.get(Of.IMAGE, image.image_id, mark)
        record = AnomalyRecord.model_validate(told.facts[RECORD]) if told else None
        return ViewDetail(
            image=image.image_id,
            sop_instance_uid=image.sop_instance_uid,
            series_instance_uid=image.series_instance_uid,
            study_instance_uid=image.study_instance_uid,
            laterality=laterality,
            view=view,
            p_value=record and record.p_value,
            percentile=record and record.percentile,
            is_anomalous=record and record.is_anomalous,
            sentence=standing(record.percentile, "images") if record else None,
            quality=_doubts(record) if record else [],
            findings=_findings(record) if record else [],
            findings_left_out=record.findings_left_out if record else 0,
            segmentation=_segmentation(told) if told else None,
            error=errors.get(image.image_id) or problem_by(info, model),
        )


def _doubts(record: AnomalyRecord) -> list[QualityDoubt]:
    explained = explanations(record.quality_flags, record.unusual_statistic)
    return [
        QualityDoubt(flag=flag, explanation=explanation)
        for flag, explanation in zip(record.quality_flags, explained, strict=True)
    ]


def _findings(record: AnomalyRecord) -> list[FindingDetail]:
    return [
        FindingDetail(
            rank=rank,
            text=finding_in_words(finding, record),
            level=finding.level,
            peak=finding.peak,
            peak_place=finding.peak_place,
            bounding_box=finding.bounding_box,
            contour=finding.contour,
            area_mm2=finding.area_mm2,
        )
        for rank, finding in enumerate(record.findings, start=1)
    ]


def _segmentation(kept: KeptResult) -> SegmentationReference | None:
    path = kept.files.get(DerivedKind.SEGMENTATION)
    try:
        header = pydicom.dcmread(path, specific_tags=["SOPInstanceUID", "SeriesInstanceUID"]) if path else None
    except OSError:  # replaced this very moment
        return None
    if header is None:
        return None
    return SegmentationReference(
        sop_instance_uid=str(header.SOPInstanceUID), series_instance_uid=str(header.SeriesInstanceUID)
    )


def _decisions(exam: Exam, decided: ExamDecisions) -> list[DecisionDetail]:
    """Every decision, the oldest first; regions lie on images as the datastore names them."""
    images = {image.sop_instance_uid: image.image_id for image in reversed(exam.images)}
    return [
        DecisionDetail(
            id=decision.decision_id,
            verdict=decision.verdict,
            reviewer=decision.reviewer,
            time=utc_of(decision.time),
            comment=decision.comment,
            viewer=decision.viewer,
            model=decision.model,
            exam_p_value=decision.exam_p_value,
            regions=[
                RegionDetail(image=images.get(region.image, region.image), points=list(region.points))
                for region in decision.regions
            ],
            undone=not decided.images_of(decision),
        )
        for decision in decided.told
        if decision.verdict is not None
    ]
