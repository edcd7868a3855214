"""A storage SCP (PS3.4 B): mammograms that others send by C-STORE, and C-ECHO."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from pydicom.dataset import Dataset
from pydicom.uid import AllTransferSyntaxes
from pynetdicom import AE, _config, evt
from pynetdicom.dimse_primitives import C_STORE

from mammolens.dicom.codecs import HTJ2K
from mammolens.dicom.sop_classes import FOR_PROCESSING, PROJECTION_X_RAY, SECONDARY_CAPTURE
from mammolens.errors import ConfigError, InputError, MammoLensError, RequestError, StorageError
from mammolens.labelapp.dimse import VERIFICATION
from mammolens.labelapp.dimse.bounded_server import SILENT_S, BoundedReading, BoundedServer
from mammolens.labelapp.dimse_settings import ListenerSettings
from mammolens.labelapp.storage_status import (
    CANNOT_UNDERSTAND,
    DUPLICATE,
    OUT_OF_RESOURCES,
    PROCESSING_FAILURE,
    SUCCESS,
)

_LONGEST_COMMENT: Final = 64  # characters of Error Comment (0000,0902), an LO
_MOST_ASSOCIATIONS: Final = 10
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReceivedObject:
    """An object as it came.

    Attributes:
        path: of a DICOM file (PS3.10), which is removed afterwards.
        sop_instance_uid: that the request names.
        caller: AE title of the sender, as it says.
        address: of the sender.
    """

    path: Path
    sop_instance_uid: str
    caller: str
    address: str


class DimseListener:
    """Listens from :meth:`start` to :meth:`stop`; what it writes lies in temporary files.

    Args:
        settings: port, titles, TLS.
        receive: takes in an object; what it raises becomes the status of the answer.
    """

    def __init__(self, settings: ListenerSettings, receive: Callable[[ReceivedObject], None]) -> None:
        self._settings, self._receive = settings, receive
        self._server: BoundedServer | None = None

    def start(self) -> None:
        """Listen, in threads that end with the process.

        Raises:
            ConfigError: the port is in use, or a file of TLS cannot be used.
        """
        wanted = self._settings
        _config.STORE_RECV_CHUNKED_DATASET = True  # to a file, not to memory
        entity = AE(wanted.ae_title)
        entity.require_called_aet = True
        entity.require_calling_aet = list(wanted.callers)
        entity.maximum_associations = _MOST_ASSOCIATIONS
        entity.acse_timeout = entity.dimse_timeout = SILENT_S
        entity.network_timeout = 2 * SILENT_S
        entity.add_supported_context(VERIFICATION)
        for sop_class in (*PROJECTION_X_RAY, *FOR_PROCESSING, *SECONDARY_CAPTURE):
            entity.add_supported_context(sop_class, [*AllTransferSyntaxes, *HTJ2K])
        handlers: list[evt.EventHandlerType] = [
            (evt.EVT_CONN_OPEN, BoundedReading.begin),
            (evt.EVT_CONN_CLOSE, _forget_partial),
            (evt.EVT_REJECTED, _log_rejected),
            (evt.EVT_C_STORE, self._store),
        ]
        try:
            made = entity.make_server(
                (wanted.address, wanted.port),
                evt_handlers=handlers,
                ssl_context=wanted.tls.context(ssl.Purpose.CLIENT_AUTH) if wanted.tls else None,
                server_class=BoundedServer,
            )
        except OSError as error:
            reason = f"{wanted.address}:{wanted.port} cannot be used for listening ({error.strerror or error})"
            raise ConfigError("--conf dimse_port", reason, "choose another port or address") from error
        self._server = server = cast("BoundedServer", made)
        threading.Thread(target=server.serve_forever, name="dimse", daemon=True).start()
        kind = "TLS" if wanted.tls else "no TLS"
        _log.info("DIMSE: %s listens on %s:%d, %s", wanted.ae_title, wanted.address, wanted.port, kind)

    def stop(self) -> None:
        """Abort all associations, and listen no more."""
        if self._server is None:
            return
        self._server.end()
        self._server = None

    def _store(self, event: evt.Event) -> int | Dataset:
        """Answer a C-STORE request with a status of PS3.4 table B.2-1 or PS3.7 annex C."""
        BoundedReading.of(event).next_object()
        caller, request = event.assoc.requestor, cast("C_STORE", event.request)
        received = ReceivedObject(
            event.dataset_path, str(request.AffectedSOPInstanceUID), caller.ae_title, caller.address or ""
        )
        try:
            self._receive(received)
        except MammoLensError as error:
            _log.warning("DIMSE: object of %s at %s refused: %s", received.caller, received.address, error.reason)
            return _refusal(_status_of(error), error.reason)
        except Exception:  # noqa: BLE001 - one odd object must not end the association
            _log.exception("DIMSE: an object of %s at %s failed", received.caller, received.address)
            return _refusal(PROCESSING_FAILURE, "unexpected error; the server's log has the details")
        return SUCCESS


def _status_of(error: MammoLensError) -> int:
    if isinstance(error, StorageError):
        return OUT_OF_RESOURCES
    if isinstance(error, RequestError):
        return DUPLICATE
    return CANNOT_UNDERSTAND if isinstance(error, InputError) else PROCESSING_FAILURE


def _refusal(status: int, reason: str) -> Dataset:
    answer = Dataset()
    answer.Status = status
    answer.ErrorComment = reason.encode("ascii", "replace").decode().replace("\\", "/")[:_LONGEST_COMMENT]
    return answer


def _log_rejected(event: evt.Event) -> None:
    peer = event.assoc.requestor
    _log.warning("DIMSE: association of %r at %s rejected", peer.ae_title, peer.address)


def _forget_partial(event: evt.Event) -> None:
    """Remove the file of an object that broke off."""
    partial = getattr(event.assoc.dimse.message, "_data_set_file", None)
    if partial is not None:
        partial.close()
        Path(partial.name).unlink(missing_ok=True)
