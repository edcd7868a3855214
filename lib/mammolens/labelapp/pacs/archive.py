"""Ask a PACS for mammograms by DICOMweb (PS3.18): which there are, one at a time; and store results there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pydicom
from pydicom.dataset import Dataset

from mammolens.files import atomic_file
from mammolens.labelapp.pacs.access import PacsAccess
from mammolens.labelapp.pacs.errors import PacsRefusalError
from mammolens.labelapp.pacs.instance import Instance
from mammolens.labelapp.pacs.listing import Listing
from mammolens.labelapp.pacs.retrieve import retrieve, retrieve_header
from mammolens.labelapp.pacs.search import Search
from mammolens.labelapp.pacs.store import store

__all__ = ["Archive", "Instance", "Pacs"]


class Archive(Protocol):
    """The interface of a PACS that the datastore uses."""

    url: str

    def instances(self) -> list[Instance]:
        """The mammograms that are there now."""

    def find(self, sop_instance_uid: str) -> Instance | None:
        """One mammogram, asked for directly; ``None`` if it is not there."""

    def fetch(self, instance: Instance, path: Path) -> None:
        """Write one instance to ``path``, whole or not at all."""

    def store(self, datasets: Sequence[Dataset]) -> None:
        """Add instances; what is there already stays as it is."""


class Pacs:
    """A DICOMweb server.

    Args:
        search_filter: what an instance must match, by keyword; ``{"Modality": "MG"}``.

    Raises:
        ConfigError: a certificate or key that cannot be used.
    """

    def __init__(self, access: PacsAccess, search_filter: Mapping[str, Any]) -> None:
        self.url = access.url
        self._access = access
        self._search = Search(access, search_filter)
        self._listing = Listing(self._search)

    def instances(self) -> list[Instance]:
        """All mammograms (QIDO-RS, PS3.18 10.6); those with an invalid UID are left out.

        Raises:
            PacsError: no answer, or one that cannot be understood.
        """
        return self._listing.instances()

    def find(self, sop_instance_uid: str) -> Instance | None:
        """One mammogram, asked for directly; ``None`` if the PACS does not hold it.

        Raises:
            PacsError: no answer, or one that cannot be understood.
        """
        try:
            return self._search.instance(sop_instance_uid)
        except PacsRefusalError as error:
            if not error.is_of_the_request:
                raise
        listed = self._listing.instances()
        return next((instance for instance in listed if instance.sop_instance_uid == sop_instance_uid), None)

    def fetch(self, instance: Instance, path: Path) -> None:
        """Retrieve one instance as it is stored (WADO-RS, PS3.18 10.4).

        Raises:
            PacsError: no answer, or a broken one.
            InputError: no DICOM, or another instance than was asked for.
            UnknownImageError: the PACS has it no more.
            StorageError: the disk is full.
        """
        content = retrieve(self._access, instance)
        with atomic_file(path) as temporary:
            temporary.write_bytes(content)

    def count_studies(self) -> int:
        """How many studies have mammograms.

        Raises:
            PacsError: no answer, or one that cannot be understood.
        """
        return len(self._search.studies())

    def fetch_header(self, instance: Instance, path: Path) -> str | None:
        """Write one instance without its pixels to ``path``, whole or not at all.

        Returns:
            UID of the transfer syntax that the PACS stores its pixels in, if it says so; the file has another.

        Raises:
            PacsError: no answer, or a broken one.
            InputError: what is answered does not describe an instance.
            UnknownImageError: the PACS has it no more.
            StorageError: the disk is full.
        """
        dataset, syntax = retrieve_header(self._access, instance)
        with atomic_file(path, synced=False) as temporary:
            pydicom.dcmwrite(temporary, dataset, write_like_original=False)
        return syntax

    def store(self, datasets: Sequence[Dataset]) -> None:
        """Store instances (STOW-RS, PS3.18 10.5); what the PACS holds already is fine.

        Raises:
            PacsError: no answer, or some were refused, each named with its reason.
        """
        store(self._access, datasets)
