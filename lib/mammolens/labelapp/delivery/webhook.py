"""Tells one address by HTTP that an exam is done, signed as Standard Webhooks says (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import requests

from mammolens import __version__
from mammolens.access_audit.event import AuditEvent
from mammolens.access_audit.words import AuditEventId, EventAction, EventOutcome
from mammolens.errors import WebhookError
from mammolens.labelapp.delivery.queue import Delivery
from mammolens.labelapp.delivery.webhook_message import EventType, WebhookMessage
from mammolens.labelapp.webhook_settings import WebhookSettings
from mammolens.loopback import proxies_for

_CONNECT_S: Final = 10.0
_ANSWER_S: Final = 30.0


class Webhook:
    """Posts messages, each with an id that is the same in all attempts; what was sent is in the access audit.

    Args:
        settings: of the receiver.
        record: appends to the access audit.
        now: seconds since the epoch, that are signed.
    """

    def __init__(
        self,
        settings: WebhookSettings,
        record: Callable[[AuditEvent], None] = lambda event: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings, self._record, self._now = settings, record, now

    def deliver(self, delivery: Delivery) -> Delivery:
        """Tell of an exam.

        Raises:
            WebhookError: the receiver does not answer.
            LedgerError, StorageError: it cannot be recorded; it is sent again.
        """
        if delivery.done is None:
            raise ValueError("no delivery of a webhook")
        moment = datetime.fromtimestamp(delivery.queued_at, UTC).replace(microsecond=0)
        message = WebhookMessage(type=EventType.EXAM_DONE, timestamp=moment, data=delivery.done)
        trouble = self._post(_message_id(delivery), message)
        if trouble is None:
            self._record(self._event(delivery.exam))
        return delivery.model_copy(update={"trouble": trouble})

    def ping(self) -> None:
        """Send a message of the type ``ping``.

        Raises:
            WebhookError: the receiver does not answer, or not with 2xx.
        """
        moment = datetime.fromtimestamp(self._now(), UTC).replace(microsecond=0)
        message = WebhookMessage(type=EventType.PING, timestamp=moment, data=None)
        if trouble := self._post(f"ping_{moment.timestamp():.0f}", message):
            raise WebhookError(self._settings.url, trouble, "correct the address or the receiver")

    def _post(self, message_id: str, message: WebhookMessage) -> str | None:
        """Why the receiver did not take a message; ``None``: it did."""
        body = message.model_dump_json().encode()
        seconds = f"{self._now():.0f}"
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"MammoLens/{__version__}",
            "webhook-id": message_id,
            "webhook-timestamp": seconds,
            "webhook-signature": f"v1,{signature(self._settings.key, message_id, seconds, body)}",
        }
        url = self._settings.url
        try:
            with requests.post(
                url,
                data=body,
                headers=headers,
                auth=lambda request: request,  # none, also if .netrc has one
                timeout=(_CONNECT_S, _ANSWER_S),
                allow_redirects=False,
                verify=str(self._settings.ca_file) if self._settings.ca_file else True,
                proxies=proxies_for(url),
                stream=True,  # what else it answers is not read
            ) as answer:
                status = answer.status_code
        except (requests.RequestException, OSError) as error:
            raise WebhookError(
                url, f"does not answer ({_reason(error)})", "see its log, and check firewall and CA"
            ) from error
        if 200 <= status < 300:
            return None
        return f"answers {status}" + (", a redirect, which is not followed" if 300 <= status < 400 else "")

    def _event(self, exam: str) -> AuditEvent:
        return AuditEvent(
            event=AuditEventId.EXPORT,
            action=EventAction.READ,
            outcome=EventOutcome.SUCCESS,
            user="webhook",
            exam=exam,
            detail="result sent by webhook",
        )


def signature(key: bytes, message_id: str, seconds: str, body: bytes) -> str:
    """HMAC-SHA256 of id, time and body, in base64.

    Example:
        >>> signature(b"k" * 24, "msg_1", "1800000000", b"{}")[:8]
        '/EgSY+8C'
    """
    signed = b".".join((message_id.encode(), seconds.encode(), body))
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _message_id(delivery: Delivery) -> str:
    """The same for the same result, so that a receiver recognises what it has."""
    return f"msg_{hashlib.sha256(f'{delivery.exam} {delivery.fingerprint}'.encode()).hexdigest()[:32]}"


def _reason(error: Exception) -> str:
    """The innermost cause: urllib3 wraps it several times."""
    inner: BaseException = error
    while (cause := inner.__cause__ or inner.__context__) is not None:
        inner = cause
    return str(inner).splitlines()[0] if str(inner) else type(inner).__name__
