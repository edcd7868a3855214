"""The images that annotators accepted as normal, as a data set to learn from."""

from __future__ import annotations

import logging
from pathlib import Path

from mammolens.datasets.base import Case, Dataset
from mammolens.dicom.reader import read_header
from mammolens.errors import DatasetError, InputError, UnknownImageError
from mammolens.labelapp.datastore.contracts import Images
from mammolens.labelapp.datastore.descriptions import ImageDescription
from mammolens.labelapp.reading.accepted import accepted_images, patient_of
from mammolens.labelapp.reading.decisions import Decisions
from mammolens.labelapp.reading.exams import Exam, Exams
from mammolens.types import ImageAttributes

_log = logging.getLogger(__name__)
_NAME = "accepted normals"


def accepted_normals(exams: Exams, decisions: Decisions, images: Images) -> Dataset:
    """Gather the images with the verdict 'normal'; those that cannot be read are left out.

    Which they are is told by :func:`mammolens.labelapp.reading.accepted.accepted_images`.

    Returns:
        Cases with their patient, and the worklist's id of their exam as ``attributes.exam_id``, in its order.

    Raises:
        DatasetError: there are none.
        PacsError: an image cannot be had now.
    """
    cases = tuple(
        case
        for exam, accepted in accepted_images(exams.all().values(), decisions.now()).items()
        for image in accepted
        if (case := _case(exam, image, images)) is not None
    )
    if not cases:
        raise DatasetError(_NAME, "no image has the verdict 'normal'", "review images of several patients first")
    return Dataset(name=_NAME, cases=cases, licence="the site's own images, not for redistribution")


def _case(exam: Exam, image: ImageDescription, images: Images) -> Case | None:
    try:
        path = Path(images.get_image_uri(image.image_id))
        read_header(path)
    except (InputError, UnknownImageError) as error:  # damaged, or vanished since it was listed
        _log.warning("left out of the training: %s", error)
        return None
    return Case(
        path=path,
        patient_id=patient_of(exam),
        attributes=ImageAttributes(patient_id=patient_of(exam), exam_id=exam.exam_id),
        abnormal=False,
        clean_normal=True,
    )
