"""A storage SCP of pynetdicom on a free port of this computer: where results are sent."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pydicom.dataset import Dataset
from pynetdicom import AE, evt

from mammolens.dicom.sop_classes import RESULTS
from mammolens.labelapp.dimse import VERIFICATION
from mammolens.labelapp.dimse_settings import DestinationSettings, TlsFiles

TITLE = "ARCHIVE"
Answering = Callable[[Dataset], int | None]


@dataclass
class StorageScp:
    """What arrived, and what is answered; ``None`` breaks the association off."""

    port: int = 0
    stored: list[Dataset] = field(default_factory=list)
    answering: Answering = lambda dataset: 0x0000

    def settings(self, title: str = TITLE, host: str = "127.0.0.1", tls: TlsFiles | None = None) -> DestinationSettings:
        return DestinationSettings(host, self.port, title, tls=tls)

    def _store(self, event: evt.Event) -> int:
        dataset = event.dataset
        status = self.answering(dataset)
        if status is None:
            event.assoc.abort()
            return 0xA700
        if status == 0x0000:
            self.stored.append(dataset)
        return status


@contextmanager
def storage_scp(classes: tuple[str, ...] = RESULTS, tls: TlsFiles | None = None) -> Iterator[StorageScp]:
    """An SCP that accepts these classes, and Verification."""
    scp = StorageScp()
    entity = AE(TITLE)
    entity.require_called_aet = True
    for one in (VERIFICATION, *classes):
        entity.add_supported_context(one)
    server = entity.start_server(
        ("127.0.0.1", 0),
        block=False,
        evt_handlers=[(evt.EVT_C_STORE, scp._store)],
        ssl_context=tls.context(ssl.Purpose.CLIENT_AUTH) if tls else None,
    )
    assert server is not None
    scp.port = server.server_address[1]
    try:
        yield scp
    finally:
        server.shutdown()
