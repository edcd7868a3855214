"""`/mammolens/reader-studies`: blind studies of several readers: create, read, results."""

from __future__ import annotations

from functools import partial
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from monailabel.config import RBAC_ADMIN, RBAC_ANNOTATOR
from monailabel.endpoints.user.auth import User

from mammolens.errors import RequestError
from mammolens.labelapp.exams.service import ExamService
from mammolens.labelapp.parameters import ReadingParameters
from mammolens.labelapp.responses.exams import OhifManifest
from mammolens.labelapp.responses.reader_studies import (
    CaseDetail,
    NextCase,
    ReaderProgress,
    ReaderStudy,
    ReaderStudyList,
    StudyReading,
    StudyReadings,
    StudyTreatment,
)
from mammolens.labelapp.routes.dependencies import (
    FOR_ADMINS,
    FRESH,
    CurrentAnnotator,
    ExamServiceDep,
    InferQueueDep,
    ReaderStudiesDep,
    is_admin,
)
from mammolens.reader_study.plan import StudyPlan
from mammolens.reader_study.readings import ReaderStudies, Reading, now, progress
from mammolens.reader_study.results import results_by_treatment

router = APIRouter(prefix="/mammolens/reader-studies", tags=["Reader studies"], dependencies=[FRESH])


@router.get("", summary=f"{RBAC_ANNOTATOR}Reader studies")
def studies(user: CurrentAnnotator, store: ReaderStudiesDep) -> ReaderStudyList:
    """Those that one reads in; for an administrator all, with everybody's progress."""
    plans = [store.plan(name) for name in store.names()]
    mine = [plan for plan in plans if is_admin(user) or user.username in plan.readers]
    return ReaderStudyList(studies=[_study(store, plan, user) for plan in mine])


@router.post("", summary=f"{RBAC_ADMIN}Create a reader study", dependencies=FOR_ADMINS)
def create(plan: StudyPlan, user: CurrentAnnotator, store: ReaderStudiesDep, service: ExamServiceDep) -> ReaderStudy:
    """The plan does not change afterwards; the same plan again changes nothing."""
    known = set(service.exams.all())
    unknown = [exam for exam in plan.exams if exam not in known]
    if unknown:
        raise RequestError("exams", f"{len(unknown)} are unknown, such as {unknown[0]!a}", "take ids of the worklist")
    store.create(plan)
    return _study(store, plan, user)


@router.get("/{study}/open", summary=f"{RBAC_ANNOTATOR}Read on", status_code=307, response_class=RedirectResponse)
def open_next(study: str, user: CurrentAnnotator, store: ReaderStudiesDep) -> RedirectResponse:
    """Redirects to the viewer with one's next case, or to the worklist."""
    case = store.next_case(study, user.username)
    return RedirectResponse(_viewer(study, case.exam) if case else "/", 307)


@router.get("/{study}/next", summary=f"{RBAC_ANNOTATOR}One's next case")
async def next_case(
    study: str,
    request: Request,
    user: CurrentAnnotator,
    store: ReaderStudiesDep,
    service: ExamServiceDep,
    queue: InferQueueDep,
) -> NextCase:
    """Blinded; a case with heat is inferred first, if it has no result yet."""
    work = partial(_next, study, user.username, store, service)
    case = await run_in_threadpool(store.next_case, study, user.username)
    return await queue.run(work, request, key=case.exam) if case and case.heat else await run_in_threadpool(work)


@router.get("/{study}/exams/{exam}/ohif.json", summary=f"{RBAC_ANNOTATOR}DICOM JSON manifest of one's next case")
def manifest(
    study: str, exam: str, response: Response, user: CurrentAnnotator, store: ReaderStudiesDep, service: ExamServiceDep
) -> OhifManifest:
    """Headers and addresses of the images; of segmentations only where the case is read with heat."""
    case = store.next_case(study, user.username)
    if case is None or case.exam != exam:
        raise RequestError(f"exam {exam[:80]!a}", "is not your next case", "open the study again and read that one")
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return OhifManifest(**service.manifest(service.exams.get(exam), heat=case.heat))


@router.post("/{study}/readings", summary=f"{RBAC_ANNOTATOR}Answer one's next case")
def answer(
    study: str, wanted: ReadingParameters, user: CurrentAnnotator, store: ReaderStudiesDep, service: ExamServiceDep
) -> NextCase:
    """Stored once and never changed; the answer names the case after it, whose images the viewer asks for itself."""
    case = store.next_case(study, user.username)
    seen = service.seen(service.exams.get(wanted.exam)) if case and case.heat else None
    heat = case.heat if case and case.exam == wanted.exam else _heat_of(store, study, wanted)
    reading = Reading(
        id=wanted.id,
        reader=user.username,
        exam=wanted.exam,
        session=wanted.session,
        heat=heat,
        likelihood=wanted.likelihood,
        recall=wanted.recall,
        seconds=wanted.seconds,
        comment=wanted.comment,
        time=now(),
        model=seen.model if seen else None,
    )
    store.append(study, reading)
    return _pending(study, user.username, store)


@router.get("/{study}/readings", summary=f"{RBAC_ADMIN}All readings of a study", dependencies=FOR_ADMINS)
def readings(study: str, user: CurrentAnnotator, store: ReaderStudiesDep) -> StudyReadings:
    """With agreement, reading times and the exams to adjudicate, for each treatment."""
    found = store.readings(study)
    return StudyReadings(
        study=_study(store, store.plan(study), user),
        readings=[StudyReading(**reading.model_dump()) for reading in found],
        treatments=[
            StudyTreatment(
                treatment=one.treatment,
                readings=one.readings,
                recalled=one.recalled,
                median_seconds=one.median_seconds,
                kappa=one.kappa,
                disputed=list(one.disputed),
            )
            for one in results_by_treatment(found)
        ],
    )


def _study(store: ReaderStudies, plan: StudyPlan, user: User) -> ReaderStudy:
    found = store.readings(plan.name)
    readers = plan.readers if is_admin(user) else [user.username]
    done = [(reader, *progress(plan, found, reader)) for reader in readers]
    return ReaderStudy(
        name=plan.name,
        design=plan.design,
        question=plan.question,
        exams=len(plan.exams),
        progress=[ReaderProgress(reader=reader, read=read, cases=cases) for reader, read, cases in done],
        viewer=f"/mammolens/reader-studies/{plan.name}/open",
    )


def _pending(study: str, reader: str, store: ReaderStudies) -> NextCase:
    """The next case without its exam."""
    case = store.next_case(study, reader)
    if case is None:
        sentence = "You have read all cases of this study. Thank you."
        return NextCase(case=None, viewer=None, not_before=None, finished=True, sentence=sentence)
    start = store.not_before(study, reader, case)
    if start is not None and start > now():
        sentence = f"Session 2 of this study begins on {start:%Y-%m-%d}."
        return NextCase(case=None, viewer=None, not_before=start, finished=False, sentence=sentence)
    return NextCase(case=None, viewer=_viewer(study, case.exam), not_before=None, finished=False, sentence="")


def _next(study: str, reader: str, store: ReaderStudies, service: ExamService) -> NextCase:
    pending, case, plan = _pending(study, reader, store), store.next_case(study, reader), store.plan(study)
    if pending.viewer is None or case is None:
        return pending
    exam = service.exams.get(case.exam)
    if case.heat:
        service.infer(exam)
    detail = CaseDetail(
        study=study,
        question=plan.question,
        session=case.session,
        number=case.number,
        total=len(plan.exams),
        heat=case.heat,
        exam=service.blinded_detail(exam, heat=case.heat),
    )
    return pending.model_copy(update={"case": detail})


def _heat_of(store: ReaderStudies, study: str, wanted: ReadingParameters) -> bool:
    """Of a reading that is sent again."""
    return next((one.heat for one in store.readings(study) if one.id == wanted.id), False)


def _viewer(study: str, exam: str) -> str:
    return f"/ohif/mammolens/dicomjson?url=/mammolens/reader-studies/{study}/exams/{quote(exam, safe='')}/ohif.json"
