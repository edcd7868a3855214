"""The JSON Schema of all answers; ``python -m mammolens.labelapp.responses.schema`` prints it, for docs/schema/."""

from __future__ import annotations

import json
import sys
from typing import Final

from pydantic.json_schema import models_json_schema

from mammolens.labelapp.responses.audit import AuditPage, AuditVerification
from mammolens.labelapp.responses.base import ErrorDetail, Response
from mammolens.labelapp.responses.erasure import ErasureReport
from mammolens.labelapp.responses.exams import (
    BackgroundInferenceStatus,
    ExamDetail,
    ExamList,
    OhifManifest,
    ScoreImport,
)
from mammolens.labelapp.responses.learning import (
    DriftDetail,
    JobDetail,
    JobList,
    ModelList,
    ModelVersion,
    SuspectNormalList,
)
from mammolens.labelapp.responses.ledger import LedgerAudit, LedgerImport, LedgerPage
from mammolens.labelapp.responses.reader_studies import NextCase, ReaderStudy, ReaderStudyList, StudyReadings

ANSWERS: Final[tuple[type[Response], ...]] = (
    AuditPage,
    AuditVerification,
    BackgroundInferenceStatus,
    DriftDetail,
    ErrorDetail,
    ExamDetail,
    ExamList,
    JobDetail,
    JobList,
    ErasureReport,
    LedgerAudit,
    LedgerImport,
    LedgerPage,
    ModelList,
    ModelVersion,
    NextCase,
    OhifManifest,
    ReaderStudy,
    ReaderStudyList,
    ScoreImport,
    StudyReadings,
    SuspectNormalList,
)
"""What a route answers as a whole; all others are parts of these."""


def server_schema() -> str:
    """What ``docs/schema/server.schema.json`` holds: a definition for each answer, and for each of their parts."""
    _, schema = models_json_schema(
        [(answer, "serialization") for answer in ANSWERS], title="What the server of MammoLens answers"
    )
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(dialect | schema, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(server_schema())
