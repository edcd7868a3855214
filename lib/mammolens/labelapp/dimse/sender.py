"""A storage SCU (PS3.4 B): sends DICOM objects to one destination by C-STORE; C-ECHO asks whether it is there."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.association import Association

from mammolens.dicom.sop_classes import RESULTS
from mammolens.errors import PacsError
from mammolens.labelapp.dimse import VERIFICATION
from mammolens.labelapp.dimse_settings import DestinationSettings
from mammolens.labelapp.storage_status import SUCCESS, is_about_the_object, is_stored, status_text

CONNECT_S: Final = 10.0
NEGOTIATE_S: Final = 30.0
ANSWER_S: Final = 300.0  # of an object of 55 MB, sending included
_SILENT_S: Final = 60.0  # that takes nothing of what is sent
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the destination answered to one object.

    Attributes:
        sop_instance_uid: of the object.
        trouble: why it is not stored, with the name of its SOP class; ``None``: it is.
        is_final: whether it would be refused again.
    """

    sop_instance_uid: str
    trouble: str | None = None
    is_final: bool = False


class StorageSender:
    """Opens an association for each call, and releases it.

    Args:
        destination: where to.

    Example::

        sender = StorageSender(DestinationSettings("pacs.example.org", 11112, "PACS"))
        sender.echo()
        refused = [answer for answer in sender.send([report]) if answer.trouble]
    """

    def __init__(self, destination: DestinationSettings) -> None:
        self._to = destination

    def echo(self) -> None:
        """Ask whether the destination answers C-ECHO.

        Raises:
            PacsError: it does not.
            ConfigError: a file of TLS that cannot be used.
        """
        with self._association() as association:
            status = association.send_c_echo().get("Status")
        if status != SUCCESS:
            reason = "does not answer C-ECHO" if status is None else f"answers C-ECHO with {status_text(status)}"
            raise PacsError(str(self._to), reason, "see its log")

    def send(self, objects: Iterable[Dataset]) -> Iterator[Answer]:
        """Send objects one after the other by one association; one that breaks off is the last that is answered.

        Args:
            objects: of the SOP classes that results have, with file meta information.

        Raises:
            PacsError: there is no association.
            ConfigError: a file of TLS that cannot be used.
        """
        with self._association() as association:
            accepted = {context.abstract_syntax for context in association.accepted_contexts}
            for dataset in objects:
                sop_class, uid = UID(dataset.SOPClassUID), str(dataset.SOPInstanceUID)
                if sop_class not in accepted:
                    trouble = f"{sop_class.name}: the destination accepts no such objects"
                    yield Answer(uid, trouble, is_final=True)
                    continue
                answer = association.send_c_store(dataset) if association.is_established else Dataset()
                if "Status" not in answer:
                    yield Answer(uid, f"{sop_class.name}: the association broke off, or there was no answer in time")
                    return
                yield _answer(uid, sop_class, answer)

    @contextmanager
    def _association(self) -> Iterator[Association]:
        tls = self._to.tls.context(ssl.Purpose.SERVER_AUTH) if self._to.tls else None
        entity = AE(self._to.calling_ae_title)
        entity.connection_timeout, entity.acse_timeout = CONNECT_S, NEGOTIATE_S
        entity.dimse_timeout = entity.network_timeout = ANSWER_S
        for sop_class in (VERIFICATION, *RESULTS):  # the first: else one that takes no results takes no association
            entity.add_requested_context(sop_class, [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
        association = entity.associate(
            self._to.host,
            self._to.port,
            ae_title=self._to.ae_title,
            tls_args=(tls, self._to.host) if tls else None,
            evt_handlers=[(evt.EVT_CONN_OPEN, _end_silence)],
        )
        if not association.is_established:
            raise self._unreachable(association, tls)
        try:
            yield association
        finally:
            if association.is_established:
                association.release()

    def _unreachable(self, association: Association, tls: ssl.SSLContext | None) -> PacsError:
        """Why there is no association."""
        answer = association.acceptor.primitive
        if association.is_rejected and answer is not None:
            remedy = f"have it accept the AE title {self._to.calling_ae_title}"
            return PacsError(str(self._to), f"rejects the association ({answer.reason_str})", remedy)
        try:  # pynetdicom tells only its log
            with socket.create_connection((self._to.host, self._to.port), CONNECT_S) as plain:
                if tls:
                    tls.wrap_socket(plain, server_hostname=self._to.host).close()
        except OSError as error:
            reason = f"cannot be reached ({getattr(error, 'verify_message', None) or error.strerror or error})"
            return PacsError(str(self._to), reason, "check address, firewall and certificates")
        how = "TLS; it may not trust our certificate" if tls else "no TLS; it may want TLS"
        return PacsError(str(self._to), f"accepts no association ({how})", "see its log")


def _answer(uid: str, sop_class: UID, answer: Dataset) -> Answer:
    status = int(answer.Status)
    comment = f" ({answer.ErrorComment})" if answer.get("ErrorComment") else ""
    said = f"{sop_class.name}: {status_text(status)}{comment}"
    if not is_stored(status):
        return Answer(uid, said, is_about_the_object(status))
    if status != SUCCESS:
        _log.warning("DIMSE: %s stored with a warning: %s", uid, said)
    return Answer(uid)


def _end_silence(event: evt.Event) -> None:
    """A peer that takes nothing more must not hold up the sender, for which pynetdicom has no limit."""
    connection = event.assoc.dul.socket
    if connection is not None and connection.socket is not None:
        connection.socket.settimeout(_SILENT_S)
