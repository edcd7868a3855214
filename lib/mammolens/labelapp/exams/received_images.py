"""Mammograms that came by C-STORE: checked, kept with the uploads, recorded in the access audit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from mammolens.access_audit.event import AuditEvent
from mammolens.access_audit.words import AuditEventId, EventAction, EventOutcome
from mammolens.dicom.bounds import refuse_excess
from mammolens.dicom.reader import read_mammogram
from mammolens.errors import InputError, MammoLensError, RequestError
from mammolens.files import sha256_of
from mammolens.labelapp.dimse.listener import ReceivedObject
from mammolens.labelapp.identifiers import check_uid
from mammolens.labelapp.keys import InfoKey
from mammolens.types import ImageHeader

_SUFFIX: Final = ".dcm"


class Uploads(Protocol):
    """The part of :class:`mammolens.labelapp.datastore.folder.MammogramFolder` that takes images."""

    def uploaded(self, name: str) -> Path:
        """Path of an upload of that name."""

    def add_image(self, image_id: str, image_filename: str, image_info: Mapping[str, Any]) -> str:
        """Take in a copy; returns its id."""


class ReceivedImages:
    """Takes in objects, each whole or not at all; one that is there already is fine.

    Pixels are decoded once, so that a sender learns of a damaged image while it still has a whole one. An image has the
    mark :attr:`~mammolens.labelapp.keys.InfoKey.RECEIVED`, by which background inference finds its exam, also after a
    restart.

    Args:
        images: where they are kept.
        record: appends to the access audit.
    """

    def __init__(self, images: Uploads, record: Callable[[AuditEvent], None]) -> None:
        self._images, self._record = images, record
        self._adding = threading.Lock()

    def take(self, received: ReceivedObject) -> None:
        """Keep an object.

        Raises:
            InputError: it is not a mammogram, damaged, or another instance than was announced.
            RequestError: another image with this UID is there.
            StorageError: the disk is full.
            LedgerError: it cannot be recorded.
        """
        try:
            header = self._checked(received)
            image_id = self._add(received, header)
        except MammoLensError:
            self._record(_event(received, EventOutcome.MINOR_FAILURE, None, received.sop_instance_uid))
            raise
        self._record(_event(received, EventOutcome.SUCCESS, header, image_id))

    def _checked(self, received: ReceivedObject) -> ImageHeader:
        refuse_excess(received.path, with_pixels=True)
        header = read_mammogram(received.path).header
        if header.sop_instance_uid != check_uid(received.sop_instance_uid):
            remedy = "mend the sender"
            raise InputError(received.path, "the SOP Instance UID differs from that of the request", remedy)
        return header

    def _add(self, received: ReceivedObject, header: ImageHeader) -> str:
        name = header.sop_instance_uid + _SUFFIX
        with self._adding:
            there = self._images.uploaded(name)
            if there.exists():
                if sha256_of(there, RequestError) != sha256_of(received.path, RequestError):
                    raise RequestError(name, "another image with this SOP Instance UID is stored", "give it a new UID")
                return name
            return self._images.add_image(name, str(received.path), {InfoKey.RECEIVED.value: received.caller})


def _event(received: ReceivedObject, outcome: EventOutcome, header: ImageHeader | None, image: str) -> AuditEvent:
    return AuditEvent(
        event=AuditEventId.INSTANCES_TRANSFERRED,
        action=EventAction.CREATE,
        outcome=outcome,
        user=received.caller,
        address=received.address,
        patient=(header.patient_id or header.study_instance_uid) if header else None,
        image=image,
        detail="C-STORE",
    )
