"""The body of a webhook; ``python -m`` of this module prints its JSON Schema, for docs/schema/."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from mammolens.labelapp.delivery.exam_done import ExamDone


class EventType(StrEnum):
    """What a message is about."""

    EXAM_DONE = "exam.done"
    PING = "ping"  # of `mammolens serve --check`


class WebhookMessage(BaseModel):
    """What the receiver of a webhook gets, as Standard Webhooks says (https://www.standardwebhooks.com)."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_serialization_defaults_required=True)

    type: EventType = Field(description="exam.done, or ping of 'mammolens serve --check'")
    timestamp: datetime = Field(description="when it happened, UTC")
    data: ExamDone | None = Field(description="null with a ping")


def webhook_schema() -> str:
    """What ``docs/schema/webhook.schema.json`` holds: the schema of :class:`WebhookMessage`."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(dialect | WebhookMessage.model_json_schema(mode="serialization"), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(webhook_schema())
