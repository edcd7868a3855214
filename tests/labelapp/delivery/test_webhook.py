"""Webhooks to a receiver of http.server, and what is said of them with ``--conf``."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mammolens.access_audit.event import AuditEvent
from mammolens.enums import NormalityCategory
from mammolens.errors import ConfigError, WebhookError
from mammolens.labelapp.delivery.exam_done import ExamDone
from mammolens.labelapp.delivery.queue import Delivery, DeliveryKind
from mammolens.labelapp.delivery.webhook import Webhook
from mammolens.labelapp.webhook_settings import WebhookSettings, webhook_settings

from ..http_receiver import http_receiver

KEY = bytes(range(32))
SCHEMA = Path(__file__).parents[3] / "docs" / "schema" / "webhook.schema.json"
DONE = ExamDone(
    exam="e-1",
    study_instance_uid=None,
    study_pseudonym="3f9c2a71d0",
    images=4,
    images_without_result=0,
    score=9,
    category=NormalityCategory.UNUSUAL,
    model="m-1",
    calibration="c-1",
)
DELIVERY = Delivery(kind=DeliveryKind.WEBHOOK, exam="e-1", fingerprint="f", queued_at=1_800_000_000.0, done=DONE)


def told_is_as_published(message: dict[str, Any]) -> None:
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft7Validator(schema).validate(message)
    parts = [schema, *(part for part in schema["$defs"].values() if part["type"] == "object")]
    assert all(set(part["required"]) == set(part["properties"]) for part in parts)


def test_a_result_is_told_signed_and_recorded_and_each_attempt_has_the_same_id() -> None:
    events, clock = list[AuditEvent](), [1_800_000_060.0]
    with http_receiver() as receiver:
        webhook = Webhook(WebhookSettings(receiver.url, KEY), events.append, lambda: clock[0])
        receiver.status = 503
        assert webhook.deliver(DELIVERY).trouble == "answers 503"
        assert events == []
        receiver.status, clock[0] = 200, 1_800_000_090.0
        assert webhook.deliver(DELIVERY).trouble is None
    (first, _), (headers, body) = receiver.received
    assert headers["webhook-id"] == first["webhook-id"]
    assert headers["webhook-timestamp"] == "1800000090"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    told = json.loads(body)
    told_is_as_published(told)
    assert (told["type"], told["timestamp"]) == ("exam.done", "2027-01-15T08:00:00Z")
    assert told["data"] == DONE.model_dump(mode="json")
    assert [(event.exam, event.detail) for event in events] == [("e-1", "result sent by webhook")]


def test_a_redirect_is_not_followed() -> None:
    with http_receiver() as receiver, http_receiver() as elsewhere:
        receiver.status, receiver.location = 307, elsewhere.url
        trouble = Webhook(WebhookSettings(receiver.url, KEY)).deliver(DELIVERY).trouble
    assert trouble == "answers 307, a redirect, which is not followed"
    assert elsewhere.received == []


def test_a_receiver_that_is_not_there_is_named_and_a_ping_needs_an_answer() -> None:
    with http_receiver() as receiver:
        webhook = Webhook(WebhookSettings(receiver.url, KEY))
        webhook.ping()
        receiver.status = 404
        with pytest.raises(WebhookError, match=f"{receiver.url}: answers 404"):
            webhook.ping()
    messages = [json.loads(body) for _, body in receiver.received]
    assert [message["type"] for message in messages] == ["ping", "ping"]
    told_is_as_published(messages[0])
    with pytest.raises(WebhookError, match=r"does not answer \(.*refused"):
        webhook.deliver(DELIVERY)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "webhook.key"
    path.write_text(f"whsec_{base64.b64encode(KEY).decode()}\n")
    return path


def test_a_webhook_is_an_address_and_a_key(key_file: Path) -> None:
    assert webhook_settings({}) is None
    settings = webhook_settings({"webhook_url": "https://ris.example.org/done", "webhook_key": str(key_file)})
    assert settings == WebhookSettings("https://ris.example.org/done", KEY)
    assert str(KEY) not in repr(settings)


@pytest.mark.parametrize(
    ("pairs", "complaint"),
    [
        ({"webhook_key": "a"}, "webhook_key: has no effect without an address"),
        ({"webhook_url": "ftp://a/b"}, "is not a http or https address"),
        ({"webhook_url": "https://a:b/c"}, "is not a http or https address"),
        ({"webhook_url": "https://u:p@a/b"}, "contains a user name or password"),
        ({"webhook_url": "https://a/b"}, "webhook_key: is missing; make one"),
        ({"webhook_url": "https://a/b", "webhook_key": "nowhere"}, "nowhere: cannot be read"),
        ({"webhook_url": "https://a/b", "webhook_key": __file__}, "is not a key"),
        ({"webhook_url": "http://a/b", "webhook_identifiers": "true"}, "through the network unencrypted"),
        ({"webhook_url": "http://a/b", "webhook_identifiers": "yes"}, "neither true nor false"),
        ({"webhook_url": "https://a/b", "webhook_ca": __file__}, "contains no certificate"),
    ],
)
def test_pairs_that_cannot_be_used_are_named(pairs: dict[str, str], complaint: str, key_file: Path) -> None:
    given = {"webhook_key": str(key_file), **pairs} if "webhook_ca" in pairs else pairs
    with pytest.raises(ConfigError, match=complaint):
        webhook_settings(given)
