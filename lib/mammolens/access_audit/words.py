"""The codes of audit messages: PS3.15 A.5 with the codes of PS3.16 CID 400 and CID 401, and RFC 3881."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class AuditEventId(StrEnum):
    """Event ID (PS3.16 CID 400), as codes of DCM."""

    APPLICATION_ACTIVITY = "110100"
    AUDIT_LOG_USED = "110101"
    INSTANCES_ACCESSED = "110103"
    INSTANCES_TRANSFERRED = "110104"
    STUDY_DELETED = "110105"
    EXPORT = "110106"
    IMPORT = "110107"
    PROCEDURE_RECORD = "110111"
    QUERY = "110112"
    SECURITY_ALERT = "110113"
    USER_AUTHENTICATION = "110114"

    @property
    def meaning(self) -> str:
        """Code Meaning."""
        return _EVENTS[self]


class AuditEventType(StrEnum):
    """Event Type Code (PS3.16 CID 401), as codes of DCM."""

    APPLICATION_START = "110120"
    APPLICATION_STOP = "110121"
    LOGIN = "110122"
    LOGOUT = "110123"
    SOFTWARE_CONFIGURATION = "110131"
    RESTRICTED_FUNCTION = "110132"

    @property
    def meaning(self) -> str:
        """Code Meaning."""
        return _TYPES[self]


class EventAction(StrEnum):
    """Event Action Code (RFC 3881 5.1.2)."""

    CREATE = "C"
    READ = "R"
    UPDATE = "U"
    DELETE = "D"
    EXECUTE = "E"


class EventOutcome(IntEnum):
    """Event Outcome Indicator (RFC 3881 5.1.4)."""

    SUCCESS = 0
    MINOR_FAILURE = 4  # the request was refused
    SERIOUS_FAILURE = 8  # the server could not do it

    @classmethod
    def of_status(cls, status: int) -> EventOutcome:
        """The outcome of a request, by the status of its answer in HTTP."""
        if status < 400:
            return cls.SUCCESS
        return cls.MINOR_FAILURE if status < 500 else cls.SERIOUS_FAILURE


_EVENTS = {
    AuditEventId.APPLICATION_ACTIVITY: "Application Activity",
    AuditEventId.AUDIT_LOG_USED: "Audit Log Used",
    AuditEventId.INSTANCES_ACCESSED: "DICOM Instances Accessed",
    AuditEventId.INSTANCES_TRANSFERRED: "DICOM Instances Transferred",
    AuditEventId.STUDY_DELETED: "DICOM Study Deleted",
    AuditEventId.EXPORT: "Export",
    AuditEventId.IMPORT: "Import",
    AuditEventId.PROCEDURE_RECORD: "Procedure Record",
    AuditEventId.QUERY: "Query",
    AuditEventId.SECURITY_ALERT: "Security Alert",
    AuditEventId.USER_AUTHENTICATION: "User Authentication",
}
_TYPES = {
    AuditEventType.APPLICATION_START: "Application Start",
    AuditEventType.APPLICATION_STOP: "Application Stop",
    AuditEventType.LOGIN: "Login",
    AuditEventType.LOGOUT: "Logout",
    AuditEventType.SOFTWARE_CONFIGURATION: "Software Configuration",
    AuditEventType.RESTRICTED_FUNCTION: "Use of Restricted Function",
}
