"""Open what the server was started against: a folder or a DICOMweb address."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from monailabel.config import Settings

from mammolens.errors import DatasetError
from mammolens.labelapp.datastore.dicomweb import MammogramDicomWeb, place_of_pacs
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.datastore.folder_scan import HIDDEN
from mammolens.labelapp.pacs.access import access_to, own_settings
from mammolens.labelapp.pacs.archive import Pacs

__all__ = ["MammogramDicomWeb", "MammogramFolder", "open_datastore"]

_log = logging.getLogger(__name__)
_FIRST_LIST_S = 20.0  # a request to the server does not wait longer for a PACS that is large or slow


def open_datastore(
    studies: str, settings: Settings, *, follow_links: bool = False
) -> MammogramFolder | MammogramDicomWeb:
    """Open the studies.

    Args:
        studies: path of a folder, or address.
        settings: MONAI Label's own.
        follow_links: of a folder, also links to files outside it.

    Raises:
        DatasetError: a folder that cannot be written to, where labels and decisions are to be kept.
        ConfigError: a setting for the PACS that cannot be used, such as a CA file that does not exist.
    """
    if studies.startswith(("http://", "https://")):
        return _open_pacs(studies, settings)
    try:
        return MammogramFolder(
            Path(studies),
            settings.MONAI_LABEL_DATASTORE_FILE_EXT,
            rescan_seconds=2.0 if settings.MONAI_LABEL_DATASTORE_AUTO_RELOAD else None,
            read_only=settings.MONAI_LABEL_DATASTORE_READ_ONLY,
            follow_links=follow_links,
        )
    except PermissionError as error:
        raise DatasetError(
            studies,
            "cannot be written to, but labels and decisions are stored there",
            "allow the server's user to write to it",
        ) from error


def place_of(studies: str, settings: Settings) -> Path:
    """Where what is kept of the studies lies, which need not exist; arguments as of :func:`open_datastore`."""
    if studies.startswith(("http://", "https://")):
        return place_of_pacs(_cache(settings), access_to(studies, settings).url)
    return Path(studies) / HIDDEN


def _cache(settings: Settings) -> Path:
    cache = settings.MONAI_LABEL_DICOMWEB_CACHE_PATH or settings.MONAI_LABEL_DATASTORE_CACHE_PATH
    return Path(cache) if cache else Path.home() / ".cache" / "mammolens" / "dicomweb"


def _open_pacs(url: str, settings: Settings) -> MammogramDicomWeb:
    access = access_to(url, settings)
    folder = _cache(settings)
    own = own_settings()
    _log.info("mammograms of %s, kept in %s up to %g GB", access.url, folder, own.CACHE_GB)
    return MammogramDicomWeb(
        Pacs(access, settings.MONAI_LABEL_DICOMWEB_SEARCH_FILTER),
        folder,
        expiry_seconds=settings.MONAI_LABEL_DICOMWEB_CACHE_EXPIRY,
        limit_bytes=own.cache_bytes,
        in_use_seconds=settings.MONAI_LABEL_INFER_TIMEOUT,  # nobody reads it for longer
        first_list_seconds=_FIRST_LIST_S if "monailabel.app" in sys.modules else None,  # the others have time
    )
