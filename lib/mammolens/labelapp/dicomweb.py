"""The mammograms of a PACS as a datastore: one item a SOP instance, fetched once and kept."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monailabel.datastore.dicom import DICOMWebDatastore
from monailabel.datastore.local import DataModel
from pydicom import Dataset

from mammolens.dicom.known_sets import attributes_of_known_set
from mammolens.errors import PacsError, RequestError, UnknownImageError
from mammolens.labelapp.identifiers import check_uid
from mammolens.labelapp.keys import InfoKey
from mammolens.labelapp.labels import LabelledImages
from mammolens.labelapp.pacs import Archive, Instance
from mammolens.labelapp.shared_state import with_path
from mammolens.types import ExamKey

_IMAGES = "images"


class MammogramDicomWeb(LabelledImages, DICOMWebDatastore):
    """Images of a DICOMweb server; an image's id is its SOP Instance UID.

    Downloads, labels, review marks and scores are kept in ``cache``, a folder of its own for each server.

    Args:
        archive: the PACS.
        cache: folder for what is kept; made if need be.
        expiry_seconds: how old the list of instances may grow.
    """

    def __init__(self, archive: Archive, cache: Path, *, expiry_seconds: float = 5.0) -> None:
        self._archive = archive
        self._expiry_seconds = expiry_seconds
        self._asking = threading.Lock()
        self._asked_at: float | None = None
        self._instances: Mapping[str, Instance] = {}
        self._folder = cache / hashlib.sha256(archive.url.encode()).hexdigest()[:16]
        self._folder.mkdir(parents=True, exist_ok=True)
        LabelledImages.__init__(self, self._folder, read_only=True)  # nothing to list before the PACS is asked

    def name(self) -> str:
        """Address of the PACS."""
        return self._archive.url

    def list_images(self) -> list[str]:
        """SOP Instance UIDs of the instances that the PACS holds now, study by study.

        Raises:
            PacsError: the PACS does not answer.
        """
        if self._due():
            self.refresh()
        return list(self._instances)

    def refresh(self) -> None:
        """Ask the PACS again, now.

        Raises:
            PacsError: the PACS does not answer.
        """
        with self._asking:
            found = sorted(self._archive.instances(), key=_by_study)
            self.remember({instance.sop_instance_uid: _first_entry(instance) for instance in found})
            self._instances = {instance.sop_instance_uid: instance for instance in found}
            self._asked_at = time.monotonic()

    def get_image_uri(self, image_id: str) -> str:
        """Path of the image's file, downloaded if it is not there yet.

        Raises:
            RequestError: the id is no UID.
            UnknownImageError: no instance of the PACS.
            PacsError: the PACS does not answer.
        """
        path = self._file(image_id)
        if not path.is_file():
            self._archive.fetch(self._instance(image_id), path)
        return str(path)

    def get_image_info(self, image_id: str) -> dict[str, Any]:
        """What is remembered of an image; with its path once it was downloaded.

        Raises:
            UnknownImageError: no instance of the PACS.
        """
        path = self._file(image_id)
        info = super().get_image_info(image_id)
        return with_path(info, path) if path.is_file() else info

    def exam_of(self, image_id: str) -> ExamKey | None:
        """What groups the views of an examination, known without downloading: the study, or as a known set has it."""
        instance = self._instances.get(check_uid(image_id))
        if instance is None:
            return None
        patient = instance.attributes.get("PatientID", "")
        header = Dataset()
        header.PatientID = patient
        known = attributes_of_known_set(header)
        return known.patient_id or patient, known.exam_id or instance.study_instance_uid

    def status(self) -> dict[str, Any]:
        """Counts as of a folder; while the PACS does not answer, an error in their place."""
        try:
            return super().status()
        except PacsError as error:
            return {"total": 0, "completed": 0, "label_tags": {}, "error": str(error)}

    def add_image(self, image_id: str, image_filename: str, image_info: Mapping[str, Any]) -> str:
        """Refused.

        Raises:
            RequestError: always.
        """
        raise RequestError(image_id or "image", "is not taken: the images are those of the PACS", "send it to the PACS")

    def remove_image(self, image_id: str) -> None:
        """Refused.

        Raises:
            RequestError: always.
        """
        raise RequestError(image_id, "is an original, which the server never removes", "remove it in the PACS")

    def _file(self, image_id: str) -> Path:
        return self._folder / _IMAGES / f"{check_uid(image_id)}.dcm"

    def _instance(self, image_id: str) -> Instance:
        if image_id not in self._instances:
            self.list_images()
        found = self._instances.get(image_id)
        if found is None:
            raise UnknownImageError(image_id, "no such instance in the PACS", "see GET /datastore/?output=all")
        return found

    def _due(self) -> bool:
        return self._asked_at is None or time.monotonic() - self._asked_at > self._expiry_seconds


def _by_study(instance: Instance) -> tuple[str, ...]:
    told = instance.attributes
    views = (told.get("ImageLaterality", ""), told.get("ViewPosition", ""))
    return (told.get("StudyDate", ""), instance.study_instance_uid, *views, instance.sop_instance_uid)


def _first_entry(instance: Instance) -> DataModel:
    uids = {"StudyInstanceUID": instance.study_instance_uid, "SeriesInstanceUID": instance.series_instance_uid}
    seen = {InfoKey.FIRST_SEEN.value: int(time.time()), InfoKey.NAME.value: f"{instance.sop_instance_uid}.dcm"}
    return DataModel(ext=".dcm", info={**seen, **uids, **instance.attributes})
