"""Dependencies that routes share: roles, parts of the server, caching of answers."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Depends, HTTPException, Response
from monailabel.config import settings
from monailabel.endpoints.user.auth import RBAC, User
from monailabel.interfaces.utils.app import app_instance

from mammolens.access_audit.log import AuditLog
from mammolens.labelapp.access_recorder import AccessRecorder
from mammolens.labelapp.exams.background_inference import BackgroundInference
from mammolens.labelapp.exams.decisions import Decisions
from mammolens.labelapp.exams.drift_monitor import DriftMonitor
from mammolens.labelapp.exams.erasure import Erasures
from mammolens.labelapp.exams.image_reviews import ImageReviews
from mammolens.labelapp.exams.service import ExamService
from mammolens.labelapp.exams.suspect_normals import SuspectNormals
from mammolens.labelapp.jobs.queue import LearningQueue
from mammolens.labelapp.learning.model_versions import ModelVersions
from mammolens.labelapp.learning.readiness import Readiness
from mammolens.labelapp.routes.guesses import LoginGuesses
from mammolens.labelapp.routes.local_accounts import LocalAccounts
from mammolens.labelapp.routes.openid_logins import OpenIdLogins
from mammolens.labelapp.routes.work_queue import WorkQueue
from mammolens.reader_study.readings import ReaderStudies
from mammolens.review.ledger import Ledger

_user = RBAC(settings.MONAI_LABEL_AUTH_ROLE_USER)
_annotator = RBAC(settings.MONAI_LABEL_AUTH_ROLE_ANNOTATOR)
_admin = RBAC(settings.MONAI_LABEL_AUTH_ROLE_ADMIN)

FOR_USERS: Final = [Depends(_user)]
"""For routes that any user may call; the two below are for routes that require a role."""

FOR_ANNOTATORS: Final = [Depends(_annotator)]
FOR_ADMINS: Final = [Depends(_admin)]

CurrentUser = Annotated[User, Depends(_user)]
"""The user of the request; the two below require a role."""

CurrentAnnotator = Annotated[User, Depends(_annotator)]
CurrentAdmin = Annotated[User, Depends(_admin)]


def must_be_annotator(user: User, parameter: str) -> None:
    """Refuse what only annotators may ask of a route that is open to all users.

    Args:
        user: who asks.
        parameter: what needs the role.

    Raises:
        HTTPException: 403.
    """
    role = settings.MONAI_LABEL_AUTH_ROLE_ANNOTATOR
    if role not in user.roles:
        raise HTTPException(403, f"{parameter}: needs the role {role!r}; omit it, or log in as another user")


def is_admin(user: User) -> bool:
    """Whether a user has the administrator's role."""
    return settings.MONAI_LABEL_AUTH_ROLE_ADMIN in user.roles


NO_STORE: Final = {"Cache-Control": "no-store"}


def _no_store(response: Response) -> None:
    response.headers.update(NO_STORE)


FRESH: Final = Depends(_no_store)
"""Of routes whose answers no cache may keep: they hold a patient's data, or are old in a moment."""

TEXT: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}
"""Of routes that answer text, for their documentation. With PlainTextResponse as class, errors would be text, too."""


def _exam_service() -> ExamService:
    service: ExamService = app_instance().exam_service
    return service


def _background_inference() -> BackgroundInference:
    inference: BackgroundInference = app_instance().background_inference
    return inference


def _audit_log() -> AuditLog:
    recorder: AccessRecorder = app_instance().access_recorder
    return recorder.log


def _decisions() -> Decisions:
    return _exam_service().decisions


def _reviews() -> ImageReviews:
    return _exam_service().reviews


def _reader_studies() -> ReaderStudies:
    studies: ReaderStudies = app_instance().reader_studies
    return studies


def _ledger() -> Ledger:
    ledger: Ledger = app_instance().ledger
    return ledger


def _erasures() -> Erasures:
    erasures: Erasures = app_instance().erasures
    return erasures


def _queue() -> LearningQueue:
    queue: LearningQueue = app_instance().learning
    return queue


def _readiness() -> Readiness:
    readiness: Readiness = app_instance().readiness
    return readiness


def _model_versions() -> ModelVersions:
    versions: ModelVersions = app_instance().models
    return versions


def _suspect_normals() -> SuspectNormals:
    suspects: SuspectNormals = app_instance().suspect_normals
    return suspects


def infer_queue() -> WorkQueue:
    """Where inference waits; a route that depends on it is refused before its body is read while the queue is full."""
    queue: WorkQueue = app_instance().infer_queue
    return queue


def task_queue() -> WorkQueue:
    """The same for what MONAI Label's clients call ``run_sync``: an answer when the task has ended."""
    queue: WorkQueue = app_instance().task_queue
    return queue


def _login_queue() -> WorkQueue:
    queue: WorkQueue = app_instance().login_queue
    return queue


def _accounts() -> LocalAccounts | None:
    accounts: LocalAccounts | None = app_instance().accounts
    return accounts


def _openid() -> OpenIdLogins | None:
    openid: OpenIdLogins | None = app_instance().openid
    return openid


def _login_guesses() -> LoginGuesses:
    guesses: LoginGuesses = app_instance().login_guesses
    return guesses


def _drift_monitor() -> DriftMonitor:
    monitor: DriftMonitor = app_instance().drift_monitor
    return monitor


ExamServiceDep = Annotated[ExamService, Depends(_exam_service)]
BackgroundInferenceDep = Annotated[BackgroundInference, Depends(_background_inference)]
DecisionsDep = Annotated[Decisions, Depends(_decisions)]
ReviewsDep = Annotated[ImageReviews, Depends(_reviews)]
AuditLogDep = Annotated[AuditLog, Depends(_audit_log)]
ReaderStudiesDep = Annotated[ReaderStudies, Depends(_reader_studies)]
LedgerDep = Annotated[Ledger, Depends(_ledger)]
ErasuresDep = Annotated[Erasures, Depends(_erasures)]
QueueDep = Annotated[LearningQueue, Depends(_queue)]
ReadinessDep = Annotated[Readiness, Depends(_readiness)]
ModelVersionsDep = Annotated[ModelVersions, Depends(_model_versions)]
SuspectNormalsDep = Annotated[SuspectNormals, Depends(_suspect_normals)]
InferQueueDep = Annotated[WorkQueue, Depends(infer_queue)]
AccountsDep = Annotated[LocalAccounts | None, Depends(_accounts)]
OpenIdDep = Annotated[OpenIdLogins | None, Depends(_openid)]
LoginQueueDep = Annotated[WorkQueue, Depends(_login_queue)]
LoginGuessesDep = Annotated[LoginGuesses, Depends(_login_guesses)]
TaskQueueDep = Annotated[WorkQueue, Depends(task_queue)]
DriftMonitorDep = Annotated[DriftMonitor, Depends(_drift_monitor)]
