"""An exam as a viewer shows it: its worklist line, its views with findings, its decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mammolens.dicom.derived.levels import colours_of
from mammolens.dicom.reader import read_header
from mammolens.enums import BiradsCategory, FindingType, breast_name, score_text
from mammolens.errors import MammoLensError
from mammolens.inference.exam_text import image_sentence, level_text, percentile_text, safety_note, view_name
from mammolens.inference.finding_text import describe_finding
from mammolens.inference.findings import numbers_by_strength
from mammolens.inference.flag_explanations import explanations
from mammolens.inference.predictor import Predictor
from mammolens.inference.technical_quality import technical_quality
from mammolens.labelapp.datastore.descriptions import ImageDescription
from mammolens.labelapp.datastore.results import Of, StoredResult
from mammolens.labelapp.datastore.stored_score import problem_by
from mammolens.labelapp.exams.decisions import Decisions, needs_second_confirmation, utc_of
from mammolens.labelapp.exams.exam import Exam, view_of_image
from mammolens.labelapp.exams.hanging import SideAndView, hanging_slots, missing_views
from mammolens.labelapp.exams.inference import ERRORS, RECORD, STORED_AT, InferenceContext
from mammolens.labelapp.exams.inference_runner import InferenceRunner, inference_fingerprint
from mammolens.labelapp.exams.ledger_snapshot import ExamDecisions
from mammolens.labelapp.exams.prior_exams import PriorExams
from mammolens.labelapp.exams.segmentation_reference import segmentation_reference
from mammolens.labelapp.exams.worklist import Worklist
from mammolens.labelapp.exams.worklist_entry import inference_of_exam
from mammolens.labelapp.keys import InfoKey
from mammolens.labelapp.responses.exams import (
    BreastSummary,
    Choice,
    DecisionDetail,
    ExamDetail,
    ExamState,
    FindingDetail,
    HangingSlot,
    HeatLevel,
    QualityDoubt,
    RegionDetail,
    ViewDetail,
)
from mammolens.labelapp.serving import ServingModel
from mammolens.types import AnomalyRecord

_FINDING_TYPES = [Choice(value=kind, label=kind.label, meaning="") for kind in FindingType]
_BIRADS_CATEGORIES = [Choice(value=one, label=one.value, meaning=one.meaning) for one in BiradsCategory]


class ExamDetails:
    """Builds the full detail of an exam; ``suspect_reason`` says why one awaits a second confirmation as normal."""

    def __init__(
        self,
        worklist: Worklist,
        runner: InferenceRunner,
        decisions: Decisions,
        models: ServingModel,
        context: InferenceContext,
        suspect_reason: Callable[[Exam], str | None],
        prior_exams: PriorExams,
    ) -> None:
        self._worklist = worklist
        self._runner = runner
        self._decisions = decisions
        self._models = models
        self._context = context
        self._suspect_reason = suspect_reason
        self._prior_exams = prior_exams

    def of(self, exam: Exam) -> ExamDetail:
        """The current detail of an exam.

        Raises:
            ModelError: no model serves.
        """
        predictor, progress = self._models.predictor(), self._runner.progress(exam.exam_id)
        fingerprint = inference_fingerprint(exam.image_ids, predictor, self._context.policy)
        stored = self._context.results.get(Of.EXAM, exam.exam_id, fingerprint)
        facts = stored.facts if stored else {}
        entry = self._worklist.entry(exam)
        if stored is None and entry.state is ExamState.DONE:  # somebody removed results: findings are not "none"
            entry = entry.model_copy(update={"state": ExamState.NEW})
        views = self._views(exam, predictor.model_id, fingerprint, facts.get(ERRORS, {}))
        priors = self._prior_exams.of(exam, views)
        return ExamDetail(
            **dict(entry),
            progress=progress,
            decision_rule=predictor.calibration.decision_rule,
            score_meaning=predictor.calibration.score_meaning,
            breasts=self._breasts(exam, predictor),
            levels=self._levels(exam, predictor),
            views_in_detail=self._prior_exams.compared(exam, views, priors),
            technical_quality=technical_quality(
                [(view.name, [doubt.flag for doubt in view.quality]) for view in views if view.sentence]
            ),
            decisions=_decisions(exam, self._decisions.of(exam)),
            suspect_reason=self._suspect_reason(exam),
            safety_note=safety_note(entry.sentence)
            if entry.sentence and needs_second_confirmation(entry.exam_category)
            else None,
            missing=missing_views([(view.laterality, view.view) for view in views]),
            next=self._worklist.next_of(exam),
            priors=priors,
            prior_cautions=self._prior_exams.cautions(exam),
            finding_types=_FINDING_TYPES,
            birads_categories=_BIRADS_CATEGORIES,
            stored_at=facts.get(STORED_AT),
            can_store=self._context.images.can_store(),
            model=predictor.model_id,
            calibration=predictor.calibration_id,
        )

    def _breasts(self, exam: Exam, predictor: Predictor) -> list[BreastSummary]:
        infos = self._context.images.infos(exam.image_ids)
        inferred = inference_of_exam(exam, [infos.get(image_id, {}) for image_id in exam.image_ids], predictor)
        if inferred is None:
            return []
        return [
            BreastSummary(
                laterality=side,
                name=breast_name(side),
                score=inferred.fused.breasts[side],
                decile=breast.decile,
                score_text=score_text(breast.decile, breast.p_value),
                p_value=breast.p_value,
                category=breast.category,
                sentence=percentile_text(breast.percentile, breast.category, "breasts"),
            )
            for side, breast in inferred.breasts.items()
        ]

    def _levels(self, exam: Exam, predictor: Predictor) -> list[HeatLevel]:
        infos = self._context.images.infos(exam.image_ids).values()
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
                meaning=level_text(shares[name]),
            )
            for number, ((name, value), colour) in enumerate(zip(starts.items(), colours, strict=True), start=1)
        ]

    def _views(self, exam: Exam, model: str, fingerprint: str, errors: Mapping[str, str]) -> list[ViewDetail]:
        known = self._context.images.infos(exam.image_ids)
        infos = [known.get(image_id, {}) for image_id in exam.image_ids]
        names = [self._side_and_view(image, info) for image, info in zip(exam.images, infos, strict=True)]
        problems = [
            errors.get(image.image_id) or problem_by(info, model)
            for image, info in zip(exam.images, infos, strict=True)
        ]
        results = [self._context.results.get(Of.IMAGE, image.image_id, fingerprint) for image in exam.images]
        found = [record.findings if (record := _record(stored)) else () for stored in results]
        return [
            _view(image, name, slot, stored, numbers, problem)
            for image, name, slot, stored, numbers, problem in zip(
                exam.images, names, hanging_slots(names), results, numbers_by_strength(found), problems, strict=True
            )
        ]

    def _side_and_view(self, image: ImageDescription, info: Mapping[str, Any]) -> SideAndView:
        """Laterality and view position; read from the file if neither the list of a PACS nor a result has them."""
        laterality, view = view_of_image(image, info)
        if image.is_dicom and not (laterality and view):
            try:
                header = read_header(Path(self._context.images.get_image_uri(image.image_id)))
            except MammoLensError:  # reported by inference
                return laterality, view
            return laterality or header.laterality, view or header.view
        return laterality, view


def _view(
    image: ImageDescription,
    name: SideAndView,
    slot: HangingSlot,
    stored: StoredResult | None,
    numbers: Sequence[int],
    problem: str | None,
) -> ViewDetail:
    laterality, view = name
    record = _record(stored)
    return ViewDetail(
        image=image.image_id,
        sop_instance_uid=image.sop_instance_uid,
        series_instance_uid=image.series_instance_uid,
        study_instance_uid=image.study_instance_uid,
        laterality=laterality,
        view=view,
        name=view_name(laterality, view),
        slot=slot,
        p_value=record and record.p_value,
        percentile=record and record.percentile,
        is_anomalous=record and record.is_anomalous,
        category=record and record.category,
        sentence=image_sentence(record) if record else None,
        quality=_doubts(record) if record else [],
        findings=_findings(record, numbers) if record else [],
        findings_left_out=record.findings_left_out if record else 0,
        segmentation=segmentation_reference(stored) if stored else None,
        error=problem,
    )


def _record(stored: StoredResult | None) -> AnomalyRecord | None:
    return AnomalyRecord.model_validate(stored.facts[RECORD]) if stored else None


def _doubts(record: AnomalyRecord) -> list[QualityDoubt]:
    explained = explanations(record.quality_flags, record.outlying_statistic, record.unusable_attributes)
    return [
        QualityDoubt(flag=flag, explanation=explanation)
        for flag, explanation in zip(record.quality_flags, explained, strict=True)
    ]


def _findings(record: AnomalyRecord, numbers: Sequence[int]) -> list[FindingDetail]:
    return [
        FindingDetail(
            rank=rank,
            number=number,
            text=describe_finding(finding, record),
            level=finding.level,
            percentile=finding.percentile,
            peak=finding.peak,
            peak_location=finding.peak_location,
            bounding_box=finding.bounding_box,
            contour=finding.contour,
            area_mm2=finding.area_mm2,
            prior=None,
        )
        for rank, (number, finding) in enumerate(zip(numbers, record.findings, strict=True), start=1)
    ]


def _decisions(exam: Exam, decisions: ExamDecisions) -> list[DecisionDetail]:
    """All decisions, oldest first; regions name images by their datastore id."""
    images = {image.sop_instance_uid: image.image_id for image in reversed(exam.images)}
    return [
        DecisionDetail(
            id=decision.decision_id,
            verdict=decision.verdict,
            verdict_label=decision.verdict.label,
            reviewer=decision.reviewer,
            time=utc_of(decision.time),
            comment=decision.comment,
            viewer=decision.viewer,
            model=decision.model,
            exam_p_value=decision.exam_p_value,
            confirmed_again=decision.second_confirmation is not None,
            regions=[
                RegionDetail(
                    image=images.get(region.image, region.image),
                    points=list(region.points),
                    finding_type=region.finding_type,
                    birads=region.birads,
                    label=region.label,
                )
                for region in decision.regions
            ],
            undone=not decisions.images_of(decision),
        )
        for decision in decisions.history
        if decision.verdict is not None
    ]
