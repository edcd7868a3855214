"""What mammography needs of MONAI Label's settings, so that an admin need not remember it."""

from __future__ import annotations

import json
import os
from collections.abc import MutableMapping
from typing import Any

from monailabel.config import Settings

from mammolens.errors import ConfigError

MAMMOGRAPHY: dict[str, Any] = {
    "MONAI_LABEL_DATASTORE_FILE_EXT": ["*"],  # files are recognised by their content, not by their name
    "MONAI_LABEL_DICOMWEB_SEARCH_FILTER": {"Modality": "MG"},
    "MONAI_LABEL_DICOMWEB_CACHE_EXPIRY": 5,  # seconds until a new study is seen
    "MONAI_LABEL_DICOMWEB_CONVERT_TO_NIFTI": False,  # the reader wants the DICOM file
    "MONAI_LABEL_TRACKING_ENABLED": False,  # MLflow's default store is refused by MONAI 1.6
    "MONAI_LABEL_AUTO_UPDATE_SCORING": False,  # scores are computed when somebody asks, not after each training
    "MONAI_LABEL_SESSIONS": False,  # images come from the datastore or with the request
    "MONAI_LABEL_INFER_CONCURRENCY": 2,  # full-size mammograms take memory
}


_APPLIED = "MAMMOLENS_SETTINGS_APPLIED"


def apply_mammography(settings: Settings, environment: MutableMapping[str, str] = os.environ) -> None:
    """Set defaults for mammography, in the settings and for background processes.

    Values that the admin set by environment variable or .env file are not changed. Background processes inherit the
    environment.

    Args:
        settings: MONAI Label's; changed in place.
        environment: of background processes; changed in place.

    Raises:
        ConfigError: a setting that is not supported.
    """
    if settings.MONAI_LABEL_API_STR:
        raise ConfigError(
            "MONAI_LABEL_API_STR",
            "a prefix for all addresses is not supported, because OHIF must be at /ohif/",
            "leave it empty, and give the server its own host name or port",
        )
    if _APPLIED in environment:
        return
    for name, value in MAMMOGRAPHY.items():
        if not _said_by_admin(settings, name):
            setattr(settings, name, value)
        current = getattr(settings, name)
        environment[name] = current if isinstance(current, str) else json.dumps(current)
    environment[_APPLIED] = "true"


def _said_by_admin(settings: Settings, name: str) -> bool:
    """Whether a value was given; `start_server` exports all values to its workers, defaults too."""
    exported = settings.model_fields_set.issuperset(MAMMOGRAPHY)
    is_default = getattr(settings, name) == type(settings).model_fields[name].default
    return name in settings.model_fields_set and not (exported and is_default)
