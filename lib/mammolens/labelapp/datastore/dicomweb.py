"""The mammograms of a PACS as a datastore: one item a SOP instance, fetched once and kept."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from monailabel.datastore.dicom import DICOMWebDatastore
from monailabel.datastore.local import DataModel, ImageLabelModel
from pydicom.dataset import Dataset

from mammolens.errors import PacsError, RequestError, UnknownImageError
from mammolens.files import remove_leftovers
from mammolens.labelapp.datastore.cache import OriginalsCache
from mammolens.labelapp.datastore.descriptions import ImageDescription
from mammolens.labelapp.datastore.labels import ErasedFiles, LabelledImages
from mammolens.labelapp.datastore.refreshing_value import RefreshingValue
from mammolens.labelapp.datastore.results import RESULTS, ResultStore
from mammolens.labelapp.datastore.shared_state import with_path
from mammolens.labelapp.identifiers import check_uid
from mammolens.labelapp.keys import InfoKey
from mammolens.labelapp.pacs.archive import Archive, Instance
from mammolens.labelapp.pacs.instance import KEYWORDS

_IMAGES = "images"
Listed = Mapping[str, Instance]
T = TypeVar("T")


class MammogramDicomWeb(LabelledImages, DICOMWebDatastore):
    """Images of a DICOMweb server; an image's id is its SOP Instance UID.

    Downloads, labels and scores are kept in ``cache``, a folder of its own for each server.
    Of these only the downloads are removed when they take too much service.

    While the PACS is away the list is the last one, and kept images still open; :meth:`trouble` says why.

    Args:
        archive: the PACS.
        cache: folder for what is kept; made if need be.
        expiry_seconds: how old the list of instances may grow before a request has it renewed.
        limit_bytes: how much the downloads may take together.
        in_use_seconds: how long a download is surely kept after it was last asked for.
        first_list_seconds: how long a request waits for the first list; ``None`` as long as it takes.

    Attributes:
        place: folder for the data of this PACS.
    """

    def __init__(
        self,
        archive: Archive,
        cache: Path,
        *,
        expiry_seconds: float = 5.0,
        limit_bytes: int = 20_000_000_000,
        in_use_seconds: float = 600.0,
        first_list_seconds: float | None = None,
    ) -> None:
        self._archive = archive
        self.place = place_of_pacs(cache, archive.url)
        self.place.mkdir(parents=True, exist_ok=True)
        remove_leftovers(self.place)
        self._originals = OriginalsCache(self.place / _IMAGES, limit_bytes, in_use_seconds=in_use_seconds)
        # Beside the downloads, which come and go.
        self.results = ResultStore(self.place / RESULTS, self.with_room)
        self._kept: RefreshingValue[Listed] = RefreshingValue(
            self._ask, expiry_seconds=expiry_seconds, first_patience_seconds=first_list_seconds
        )
        self._listed: Listed = {}
        self._described: dict[str, tuple[Instance, ImageDescription]] = {}
        LabelledImages.__init__(self, self.place, read_only=True)  # nothing to list before the PACS is asked

    def name(self) -> str:
        """Address of the PACS."""
        return self._archive.url

    def list_images(self) -> list[str]:
        """SOP Instance UIDs of the instances that the PACS holds, study by study; as it held them, while it is away.

        Raises:
            PacsError: the PACS has not answered yet.
        """
        try:
            return list(self._kept.value())
        except TimeoutError as error:
            raise PacsError(self._archive.url, "its mammograms are still being listed", "ask again soon") from error

    def files_passed_over(self) -> int:
        """None: the search asks the PACS for mammograms only."""
        return 0

    def refresh(self) -> None:
        """Ask the PACS again, now.

        Raises:
            PacsError: the PACS does not answer.
        """
        self._kept.renewed()

    def trouble(self) -> str | None:
        """Why the list is not up to date; ``None`` if it is."""
        return str(self._kept.trouble) if self._kept.trouble else None

    def store(self, datasets: Sequence[Dataset]) -> None:
        """Send objects to the PACS; what it holds already is fine.

        Raises:
            PacsError: no answer, or some were refused, each named with its reason.
        """
        self._archive.store(datasets)

    def get_image_uri(self, image_id: str) -> str:
        """Path of the image's file, downloaded if it is not there yet.

        Raises:
            RequestError: the id is not a UID.
            UnknownImageError: no instance of the PACS.
            PacsError: the PACS does not answer.
            InputError: what it holds is not DICOM, or another instance.
            StorageError: the disk is full.
        """
        name = self._file(image_id).name
        return str(self._originals.get(name, lambda path: self._archive.fetch(self._instance(image_id), path)))

    def get_image_info(self, image_id: str) -> dict[str, Any]:
        """What is remembered of an image; with its path once it was downloaded.

        Raises:
            UnknownImageError: no instance of the PACS.
        """
        path = self._file(image_id)
        info = super().get_image_info(image_id)
        return with_path(info, path) if path.is_file() else info

    def known(self, image_id: str) -> ImageLabelModel:
        """What is remembered of an image; one that is not known yet is looked for in the PACS.

        Raises:
            RequestError: the id is not a UID.
            UnknownImageError: no instance of the PACS.
            PacsError: the PACS does not answer.
        """
        self._instance(check_uid(image_id))
        return super().known(image_id)

    def describe(self, image_id: str) -> ImageDescription | None:
        """What the search answer says of an image; ``None`` if the PACS does not hold it."""
        instance = self._known_instance(check_uid(image_id))
        if instance is None:
            return None
        earlier = self._described.get(image_id)  # ten thousand exams are described for each worklist
        if earlier is None or earlier[0] is not instance:
            earlier = self._described[image_id] = (instance, _description(instance))
        return earlier[1]

    def can_store(self) -> bool:
        """Always: results can be sent to the PACS."""
        return True

    def with_room(self, write: Callable[[], T]) -> T:
        """Do what writes; on a full disk downloads, which can be had again, make room for what matters more."""
        return self._originals.with_room(write)

    def status(self) -> dict[str, Any]:
        """Counts as of a folder; with an error while the PACS does not answer, and as it was before that."""
        try:
            counts = super().status()
        except PacsError as error:
            return {"total": 0, "completed": 0, "label_tags": {}, "error": str(error)}
        trouble = self.trouble()
        return {**counts, "error": trouble} if trouble else counts

    def add_image(self, image_id: str, image_filename: str, image_info: Mapping[str, Any]) -> str:
        """Refused.

        Raises:
            RequestError: always.
        """
        raise RequestError(
            image_id or "image",
            "cannot be uploaded: the images of this server are those of the PACS",
            "send it to the PACS",
        )

    def remove_image(self, image_id: str) -> None:
        """Refused.

        Raises:
            RequestError: always.
        """
        raise RequestError(image_id, "is an original, which the server never removes", "remove it in the PACS")

    def erase(self, image_ids: Collection[str], sop_instance_uids: Collection[str]) -> ErasedFiles:
        """Forget images, with what their search answers said; the PACS is never changed."""
        for image_id in image_ids:
            self._described.pop(image_id, None)
        return super().erase(image_ids, sop_instance_uids)

    def _copies(self, image_ids: Collection[str]) -> list[Path]:
        """What was fetched and is kept."""
        paths = (self._originals.path(f"{image_id}.dcm") for image_id in image_ids)
        return [path for path in paths if path.is_file()]

    def _file(self, image_id: str) -> Path:
        return self._originals.path(f"{check_uid(image_id)}.dcm")

    def _ask(self) -> Listed:
        found = sorted(self._archive.instances(), key=_by_study)
        self._note(found)
        self._listed = {instance.sop_instance_uid: instance for instance in found}
        return self._listed

    def _note(self, found: Sequence[Instance]) -> None:
        objects = self.objects()
        new = (instance for instance in found if instance.sop_instance_uid not in objects)
        self.remember({instance.sop_instance_uid: _first_entry(instance) for instance in new})

    def _instance(self, image_id: str) -> Instance:
        """An instance by its id, whether or not the list has it yet."""
        known = self._known_instance(image_id)
        if known is not None:
            return known
        found = self._archive.find(image_id)
        if found is None:
            raise UnknownImageError(image_id, "no such instance in the PACS", "see GET /datastore/?output=all")
        self._note([found])
        self._kept.expire()  # its siblings may be new as well
        return found

    def _known_instance(self, image_id: str) -> Instance | None:
        """Of the list; or as it is remembered, before the PACS was asked for a list."""
        listed = self._listed.get(image_id)
        remembered = None if listed else self.objects().get(image_id)
        return _remembered(image_id, remembered.image.info) if remembered else listed


def _by_study(instance: Instance) -> tuple[str, ...]:
    attributes = instance.attributes
    views = (attributes.get("ImageLaterality", ""), attributes.get("ViewPosition", ""))
    return (attributes.get("StudyDate", ""), instance.study_instance_uid, *views, instance.sop_instance_uid)


def _description(instance: Instance) -> ImageDescription:
    return ImageDescription.of_search(
        instance.sop_instance_uid, instance.series_instance_uid, instance.study_instance_uid, instance.attributes
    )


def _first_entry(instance: Instance) -> DataModel:
    uids = {"StudyInstanceUID": instance.study_instance_uid, "SeriesInstanceUID": instance.series_instance_uid}
    seen = {InfoKey.FIRST_SEEN.value: int(time.time()), InfoKey.NAME.value: f"{instance.sop_instance_uid}.dcm"}
    return DataModel(ext=".dcm", info={**seen, **uids, **instance.attributes})


def _remembered(image_id: str, info: Mapping[str, Any]) -> Instance:
    attributes = {keyword: str(value) for keyword, value in info.items() if keyword in KEYWORDS}
    return Instance(image_id, info["SeriesInstanceUID"], info["StudyInstanceUID"], attributes)


def place_of_pacs(cache: Path, url: str) -> Path:
    """The folder of a PACS in a cache."""
    return cache / hashlib.sha256(url.encode()).hexdigest()[:16]
