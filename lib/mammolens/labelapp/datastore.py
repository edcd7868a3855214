"""Open what the server was started against: a folder or a DICOMweb address."""

from __future__ import annotations

import logging
from pathlib import Path

from monailabel.config import Settings

from mammolens.errors import DatasetError
from mammolens.labelapp.dicomweb import MammogramDicomWeb
from mammolens.labelapp.folder import MammogramFolder
from mammolens.labelapp.pacs import Pacs, open_client

__all__ = ["MammogramDicomWeb", "MammogramFolder", "open_datastore"]

_log = logging.getLogger(__name__)


def open_datastore(studies: str, settings: Settings) -> MammogramFolder | MammogramDicomWeb:
    """Open the studies.

    Raises:
        DatasetError: a folder that cannot be written to, where labels and review marks are to be kept.
    """
    if studies.startswith(("http://", "https://")):
        return _open_pacs(studies.strip().rstrip("/"), settings)
    try:
        return MammogramFolder(
            Path(studies),
            settings.MONAI_LABEL_DATASTORE_FILE_EXT,
            rescan_seconds=2.0 if settings.MONAI_LABEL_DATASTORE_AUTO_RELOAD else None,
            read_only=settings.MONAI_LABEL_DATASTORE_READ_ONLY,
        )
    except PermissionError as error:
        raise DatasetError(
            studies, "cannot be written to, but keeps labels and review marks", "give the server the right to"
        ) from error


def _open_pacs(url: str, settings: Settings) -> MammogramDicomWeb:
    client = open_client(
        url,
        user=settings.MONAI_LABEL_DICOMWEB_USERNAME,
        password=settings.MONAI_LABEL_DICOMWEB_PASSWORD,
        seconds=settings.MONAI_LABEL_DICOMWEB_PROXY_TIMEOUT,
        qido_url_prefix=settings.MONAI_LABEL_QIDO_PREFIX,
        wado_url_prefix=settings.MONAI_LABEL_WADO_PREFIX,
        stow_url_prefix=settings.MONAI_LABEL_STOW_PREFIX,
    )
    cache = settings.MONAI_LABEL_DICOMWEB_CACHE_PATH or settings.MONAI_LABEL_DATASTORE_CACHE_PATH
    folder = Path(cache) if cache else Path.home() / ".cache" / "mammolens" / "dicomweb"
    _log.info("mammograms of %s, kept in %s", url, folder)
    return MammogramDicomWeb(
        Pacs(client, settings.MONAI_LABEL_DICOMWEB_SEARCH_FILTER),
        folder,
        expiry_seconds=settings.MONAI_LABEL_DICOMWEB_CACHE_EXPIRY,
    )
