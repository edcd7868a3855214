"""Which requests are recorded in the audit log, and as what (PS3.15 A.5.3); a test demands a line for every route."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mammolens.access_audit.words import AuditEventId, AuditEventType, EventAction


@dataclass(frozen=True, slots=True)
class AuditedAccess:
    """What a request is in the words of audit messages.

    Attributes:
        event: what happens.
        action: of the user.
        event_type: more precisely; ``None``: the event has no types.
    """

    event: AuditEventId
    action: EventAction
    event_type: AuditEventType | None = None


_QUERY: Final = AuditedAccess(AuditEventId.QUERY, EventAction.READ)
_VIEWED: Final = AuditedAccess(AuditEventId.INSTANCES_ACCESSED, EventAction.READ)
_INFERRED: Final = AuditedAccess(AuditEventId.INSTANCES_ACCESSED, EventAction.CREATE)
_CHANGED: Final = AuditedAccess(AuditEventId.INSTANCES_ACCESSED, EventAction.UPDATE)
_FETCHED: Final = AuditedAccess(AuditEventId.INSTANCES_TRANSFERRED, EventAction.READ)
_STORED: Final = AuditedAccess(AuditEventId.INSTANCES_TRANSFERRED, EventAction.CREATE)
_DELETED: Final = AuditedAccess(AuditEventId.STUDY_DELETED, EventAction.DELETE)
_DECIDED: Final = AuditedAccess(AuditEventId.PROCEDURE_RECORD, EventAction.CREATE)
_UNDONE: Final = AuditedAccess(AuditEventId.PROCEDURE_RECORD, EventAction.UPDATE)
_EXPORTED: Final = AuditedAccess(AuditEventId.EXPORT, EventAction.READ)
_IMPORTED: Final = AuditedAccess(AuditEventId.IMPORT, EventAction.CREATE)
_AUDITED: Final = AuditedAccess(AuditEventId.AUDIT_LOG_USED, EventAction.READ)
_CONFIGURED: Final = AuditedAccess(
    AuditEventId.SECURITY_ALERT, EventAction.EXECUTE, AuditEventType.SOFTWARE_CONFIGURATION
)
_RESTRICTED: Final = AuditedAccess(AuditEventId.SECURITY_ALERT, EventAction.EXECUTE, AuditEventType.RESTRICTED_FUNCTION)
_LOGIN: Final = AuditedAccess(AuditEventId.USER_AUTHENTICATION, EventAction.EXECUTE, AuditEventType.LOGIN)
_LOGOUT: Final = AuditedAccess(AuditEventId.USER_AUTHENTICATION, EventAction.EXECUTE, AuditEventType.LOGOUT)

AUDITED: Final[dict[tuple[str, str], AuditedAccess]] = {
    ("GET", "/mammolens/worklist"): _QUERY,
    ("GET", "/mammolens/worklist.csv"): _EXPORTED,
    ("GET", "/mammolens/exams/{exam}"): _VIEWED,
    ("GET", "/mammolens/studies/{study}"): _QUERY,
    ("POST", "/mammolens/exams/{exam}/infer"): _INFERRED,
    ("POST", "/mammolens/exams/{exam}/decisions"): _DECIDED,
    ("POST", "/mammolens/exams/{exam}/decisions/undo"): _UNDONE,
    ("GET", "/mammolens/exams/{exam}/ohif.json"): _VIEWED,
    ("GET", "/mammolens/images/{image}.dcm"): _FETCHED,
    ("GET", "/mammolens/images/{image}/thumbnail.jpg"): _VIEWED,
    ("GET", "/mammolens/derived/{image}/{kind}.dcm"): _FETCHED,
    ("GET", "/mammolens/exams/{exam}/derived/{kind}.dcm"): _FETCHED,
    ("POST", "/mammolens/scores"): _IMPORTED,
    ("POST", "/mammolens/inference"): _INFERRED,
    ("DELETE", "/mammolens/inference"): _CONFIGURED,
    ("GET", "/mammolens/decisions"): _QUERY,
    ("GET", "/mammolens/decisions/export"): _EXPORTED,
    ("POST", "/mammolens/decisions/import"): _IMPORTED,
    ("GET", "/mammolens/audit"): _AUDITED,
    ("GET", "/mammolens/audit/export"): _AUDITED,
    ("GET", "/mammolens/audit/verify"): _AUDITED,
    ("POST", "/mammolens/erasures"): _RESTRICTED,  # an erasure records itself, with its counts
    ("GET", "/mammolens/suspect-normals"): _QUERY,
    ("GET", "/mammolens/reader-studies"): _QUERY,
    ("POST", "/mammolens/reader-studies"): _CONFIGURED,
    ("GET", "/mammolens/reader-studies/{study}/next"): _VIEWED,
    ("GET", "/mammolens/reader-studies/{study}/open"): _QUERY,
    ("GET", "/mammolens/reader-studies/{study}/exams/{exam}/ohif.json"): _VIEWED,
    ("GET", "/mammolens/reader-studies/{study}/readings"): _EXPORTED,
    ("POST", "/mammolens/reader-studies/{study}/readings"): _DECIDED,
    ("POST", "/mammolens/jobs"): _CONFIGURED,
    ("DELETE", "/mammolens/jobs/{job}"): _CONFIGURED,
    ("POST", "/mammolens/jobs/{job}/resume"): _CONFIGURED,
    ("POST", "/mammolens/models/rollback"): _CONFIGURED,
    ("POST", "/mammolens/models/{model}/promote"): _CONFIGURED,
    ("POST", "/mammolens/models/{model}/refuse"): _CONFIGURED,
    ("POST", "/train/"): _CONFIGURED,
    ("POST", "/train/{model}"): _CONFIGURED,
    ("DELETE", "/train/"): _CONFIGURED,
    ("GET", "/model/{model}"): _RESTRICTED,
    ("POST", "/infer/{model}"): _INFERRED,
    ("POST", "/mammolens/present"): _INFERRED,
    ("POST", "/batch/infer/{model}"): _INFERRED,
    ("POST", "/scoring/"): _INFERRED,
    ("POST", "/scoring/{method}"): _INFERRED,
    ("POST", "/activelearning/{strategy}"): _QUERY,
    ("GET", "/proxy/dicom/{path:path}"): _FETCHED,
    ("POST", "/proxy/dicom/{path:path}"): _STORED,
    ("GET", "/datastore/"): _QUERY,
    ("PUT", "/datastore/"): _IMPORTED,
    ("DELETE", "/datastore/"): _DELETED,
    ("GET", "/datastore/image"): _FETCHED,
    ("HEAD", "/datastore/image"): _VIEWED,
    ("PUT", "/datastore/image"): _IMPORTED,
    ("DELETE", "/datastore/image"): _DELETED,
    ("GET", "/datastore/image/info"): _VIEWED,
    ("PUT", "/datastore/image/info"): _DECIDED,
    ("GET", "/datastore/label"): _FETCHED,
    ("HEAD", "/datastore/label"): _VIEWED,
    ("PUT", "/datastore/label"): _DECIDED,
    ("DELETE", "/datastore/label"): _DELETED,
    ("GET", "/datastore/label/info"): _VIEWED,
    ("PUT", "/datastore/label/info"): _CHANGED,
    ("PUT", "/datastore/updatelabelinfo"): _CHANGED,
    ("GET", "/datastore/dataset"): _EXPORTED,
    ("GET", "/session/{session_id}"): _VIEWED,
    ("PUT", "/session/"): _IMPORTED,
    ("DELETE", "/session/{session_id}"): _DELETED,
    ("GET", "/logs/"): _RESTRICTED,
    ("POST", "/reload"): _RESTRICTED,
    ("POST", "/auth/token"): _LOGIN,
    ("POST", "/auth/session"): _LOGIN,
    ("GET", "/auth/openid/callback"): _LOGIN,
    ("DELETE", "/auth/session"): _LOGOUT,
}
"""By method and path of the route."""

NOT_AUDITED: Final = frozenset(
    {
        # Pages, scripts and descriptions: no patient's data
        "/", "/models", "/login", "/mammolens/browser/{folder}/{name}", "/ohif", "/ohif/app-config.js",
        "/ohif/{path:path}", "/docs", "/docs/{path:path}", "/openapi.json", "/favicon.ico", "/healthz", "/readyz",
        # Counts, states, models
        "/info/", "/metrics", "/mammolens/inference", "/mammolens/drift", "/mammolens/models",
        "/mammolens/models/{model}", "/mammolens/jobs", "/mammolens/jobs/{job}", "/mammolens/decisions/audit",
        "/train/", "/batch/infer", "/scoring/", "/model/info/{model}", "/logs/gpu",
        # Who one is oneself
        "/auth/", "/auth/token/valid", "/auth/openid",
    }
)  # fmt: skip
"""Paths of routes of which nothing is recorded but what :data:`AUDITED` names."""
