"""The images that annotators accepted as normal, as a data set to learn from."""

from __future__ import annotations

import logging
from pathlib import Path

from mammolens.datasets.base import Case, Dataset
from mammolens.dicom.reader import read_header
from mammolens.enums import Verdict
from mammolens.errors import DatasetError, InputError
from mammolens.labelapp.datastore.contracts import Images
from mammolens.labelapp.datastore.review import verdict_of

_log = logging.getLogger(__name__)
_NAME = "accepted normals"


def accepted_normals(images: Images) -> Dataset:
    """Gather the images with the verdict 'normal'; those that cannot be read are left out.

    Raises:
        DatasetError: there are none.
    """
    accepted = [image for image in images.list_images() if verdict_of(images.get_image_info(image)) is Verdict.NORMAL]
    cases = tuple(case for image_id in accepted if (case := _case(Path(images.get_image_uri(image_id)))))
    if not cases:
        raise DatasetError(_NAME, "no image has the verdict 'normal'", "review images of several patients first")
    return Dataset(name=_NAME, cases=cases, licence="the site's own images, not for redistribution")


def _case(path: Path) -> Case | None:
    try:
        header = read_header(path)
    except InputError as error:
        _log.warning("left out of the training: %s", error)
        return None
    return Case(path=path, patient_id=header.patient_id, abnormal=False, clean_normal=True)
