"""`/mammolens/...`: the exam service: worklist, exams, decisions on them, and the files that viewers show."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, RedirectResponse, Response
from monailabel.config import RBAC_ADMIN, RBAC_ANNOTATOR, RBAC_USER
from monailabel.interfaces.utils.app import app_instance

from mammolens.dicom.derived.kinds import OF_EXAM, OF_IMAGE, DerivedKind
from mammolens.dicom.opening import FileKind, file_kind
from mammolens.errors import RequestError
from mammolens.labelapp.datastore.results import Of
from mammolens.labelapp.exams.worklist_csv import worklist_csv
from mammolens.labelapp.identifiers import check_image_id, check_uid
from mammolens.labelapp.parameters import DecisionParameters, ExamInferParameters, ScoresParameters, UndoParameters
from mammolens.labelapp.responses.exams import ExamDetail, ExamList, OhifManifest, ScoreImport
from mammolens.labelapp.routes.decision_examples import DECISION_BODY
from mammolens.labelapp.routes.dependencies import (
    FOR_ADMINS,
    FOR_USERS,
    FRESH,
    NO_STORE,
    CurrentAnnotator,
    CurrentUser,
    ExamServiceDep,
    InferQueueDep,
    must_be_annotator,
)

router = APIRouter(prefix="/mammolens", tags=["Exams"])
_FOR_USERS_FRESH = [*FOR_USERS, FRESH]

# Viewers hold pages apart from those of other origins and load only what says that it may be loaded.
_FILE = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_DICOM, _JPEG = "application/dicom", "image/jpeg"
_DICOM_FILE: dict[int | str, dict[str, Any]] = {200: {"content": {_DICOM: {}}}}


@router.get(
    "/worklist", summary=f"{RBAC_USER}All exams, unreviewed and most anomalous first", dependencies=_FOR_USERS_FRESH
)
def worklist(user: CurrentUser, service: ExamServiceDep) -> ExamList:
    """All exams with score, p-value, state and verdict, and who else reads them now."""
    return service.worklist.all(app_instance().drift(), service.open_exams.readers(besides=user.username))


@router.get(
    "/worklist.csv",
    summary=f"{RBAC_USER}The worklist as a table",
    dependencies=_FOR_USERS_FRESH,
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
def worklist_table(service: ExamServiceDep) -> Response:
    """A row for each exam, in the worklist's order, UTF-8."""
    headers = {**NO_STORE, "Content-Disposition": 'attachment; filename="worklist.csv"'}
    return Response(worklist_csv(service.worklist.entries()), media_type="text/csv", headers=headers)


@router.get("/exams/{exam}", summary=f"{RBAC_USER}One exam in full", dependencies=_FOR_USERS_FRESH)
def one_exam(exam: str, user: CurrentUser, service: ExamServiceDep) -> ExamDetail:
    """Its views, findings, levels and decisions; while its inference runs, the progress.

    Other readers' worklists show the exam as in progress.
    """
    found = service.exams.get(exam)
    service.open_exams.opened(found.exam_id, user.username)
    return service.detail(found)


@router.get(
    "/studies/{study}",
    summary=f"{RBAC_USER}The exam of a DICOM study",
    dependencies=FOR_USERS,
    status_code=307,
    response_class=RedirectResponse,
)
def exam_of_study(study: str, service: ExamServiceDep) -> RedirectResponse:
    """Redirects to the exam with an image of this study."""
    found = service.exams.of_study(check_uid(study))
    return RedirectResponse(f"/mammolens/exams/{found.exam_id}", 307)


@router.post("/exams/{exam}/infer", summary=f"{RBAC_USER}Infer all views of an exam", dependencies=[FRESH])
async def infer(
    exam: str,
    request: Request,
    user: CurrentUser,
    service: ExamServiceDep,
    queue: InferQueueDep,
    wanted: ExamInferParameters | None = None,
) -> ExamDetail:
    """Compute scores, maps, findings and DICOM objects of the exam; answers when all are stored."""
    parameters = wanted or ExamInferParameters()
    if parameters.store:
        must_be_annotator(user, "store")
    found = await run_in_threadpool(service.exams.get, exam)

    def work() -> ExamDetail:
        service.infer(found, again=parameters.again, store=parameters.store)
        return service.detail(found)

    return await queue.run(work, request, key=found.exam_id)


@router.post("/scores", summary=f"{RBAC_ADMIN}Store scores of an archive", dependencies=[*FOR_ADMINS, FRESH])
def import_scores(wanted: ScoresParameters, service: ExamServiceDep) -> ScoreImport:
    """Rows of ``mammolens score`` by the serving model rank exams that it has not processed; these stay ``new``."""
    return service.import_scores(wanted)


@router.post("/exams/{exam}/decisions", summary=f"{RBAC_ANNOTATOR}Decide on an exam", dependencies=[FRESH])
def record_decision(
    exam: str,
    user: CurrentAnnotator,
    service: ExamServiceDep,
    wanted: Annotated[DecisionParameters, Body(examples=[DECISION_BODY])],
) -> ExamDetail:
    """Record a decision in the ledger, with user and time as the server knows them; one with an id is recorded once."""
    found = service.exams.get(exam)
    service.record_decision(found, wanted, user.username)
    return service.detail(found)


@router.post("/exams/{exam}/decisions/undo", summary=f"{RBAC_ANNOTATOR}Undo the last decision", dependencies=[FRESH])
def undo(
    exam: str, user: CurrentAnnotator, service: ExamServiceDep, wanted: UndoParameters | None = None
) -> ExamDetail:
    """Make the decision before it effective again; both stay in the history."""
    found = service.exams.get(exam)
    service.undo(found, wanted or UndoParameters(), user.username)
    return service.detail(found)


@router.get(
    "/exams/{exam}/ohif.json", summary=f"{RBAC_USER}DICOM JSON manifest for OHIF", dependencies=_FOR_USERS_FRESH
)
def manifest(exam: str, response: Response, service: ExamServiceDep) -> OhifManifest:
    """Headers and addresses of the exam's images and current segmentations."""
    response.headers.update(_FILE)
    return OhifManifest(**service.manifest(service.exams.get(exam)))


@router.get(
    "/images/{image}.dcm",
    summary=f"{RBAC_USER}An image as DICOM",
    dependencies=FOR_USERS,
    response_class=FileResponse,
    responses=_DICOM_FILE,
)
def image_as_dicom(image: str, service: ExamServiceDep) -> Response:
    """The DICOM file as it is stored; of a picture, a Secondary Capture made from it."""
    path = Path(app_instance().datastore().get_image_uri(check_image_id(image)))
    if file_kind(path) is not FileKind.DICOM:
        return _object(service.picture(image))
    return FileResponse(path, media_type=_DICOM, headers={**_FILE, **NO_STORE})


@router.get(
    "/images/{image}/thumbnail.jpg",
    summary=f"{RBAC_USER}A small picture of an image with its heat",
    dependencies=FOR_USERS,
    response_class=Response,
    responses={200: {"content": {_JPEG: {}}}},
)
def thumbnail(image: str, service: ExamServiceDep) -> Response:
    """Of the current result, the longer side 160 pixels at most."""
    return Response(service.thumbnail(check_image_id(image)), media_type=_JPEG, headers=NO_STORE)


@router.get(
    "/derived/{image}/{kind}.dcm",
    summary=f"{RBAC_USER}A DICOM object of an image",
    dependencies=FOR_USERS,
    response_class=Response,
    responses=_DICOM_FILE,
)
def derived_of_image(image: str, kind: DerivedKind, service: ExamServiceDep) -> Response:
    """The current segmentation, parametric map or secondary capture."""
    _check_kind(kind, OF_IMAGE)
    return _object(service.derived(service.exams.of_image(check_image_id(image)), Of.IMAGE, image, kind))


@router.get(
    "/exams/{exam}/derived/{kind}.dcm",
    summary=f"{RBAC_USER}A DICOM object of an exam",
    dependencies=FOR_USERS,
    response_class=Response,
    responses=_DICOM_FILE,
)
def derived_of_exam(exam: str, kind: DerivedKind, service: ExamServiceDep) -> Response:
    """The current report."""
    _check_kind(kind, OF_EXAM)
    return _object(service.derived(service.exams.get(exam), Of.EXAM, exam, kind))


def _check_kind(kind: DerivedKind, kinds: tuple[DerivedKind, ...]) -> None:
    if kind not in kinds:
        raise RequestError(kind, "is not a kind of object that this server stores", f"ask for {', '.join(kinds)}")


def _object(content: bytes) -> Response:
    return Response(content, media_type=_DICOM, headers={**_FILE, **NO_STORE})
