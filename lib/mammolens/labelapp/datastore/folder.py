"""A folder of mammograms as a datastore: nested as archives are, DICOM, PNG and JPEG."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from cachetools import LRUCache
from monailabel.datastore.local import DataModel, ImageLabelModel
from pydicom.dataset import Dataset

from mammolens.dicom.opening import FileKind, file_kind
from mammolens.dicom.reader import read_header, read_mammogram
from mammolens.errors import InputError, RequestError, UnknownImageError
from mammolens.files import atomic_file
from mammolens.labelapp.datastore.descriptions import ImageDescription
from mammolens.labelapp.datastore.folder_scan import HIDDEN, UPLOADS_FOLDER, FolderScan
from mammolens.labelapp.datastore.labels import LabelledImages
from mammolens.labelapp.datastore.results import RESULTS, Of, ResultStore
from mammolens.labelapp.datastore.shared_state import with_path
from mammolens.labelapp.identifiers import check_image_id, image_id_of
from mammolens.labelapp.keys import InfoKey
from mammolens.names import path_as_text
from mammolens.types import ImageHeader

_HEADERS = 100_000  # about 1 kB each


class MammogramFolder(LabelledImages):
    """Images of a folder and its sub-folders; originals are never changed or removed.

    Args:
        folder: exists or is made.
        patterns: an image whose name has a dot must match one, such as '*.dcm'; '*' matches all.
        rescan_seconds: how old the list may grow; ``None`` keeps the first one.
        read_only: no label and no upload is taken.
        follow_links: as :class:`FolderScan` takes it.

    Attributes:
        place: folder for what is kept besides.
    """

    def __init__(
        self,
        folder: Path,
        patterns: Sequence[str],
        *,
        rescan_seconds: float | None = 2.0,
        read_only: bool = False,
        follow_links: bool = False,
    ) -> None:
        self._root = folder
        self._scan = FolderScan(folder, patterns, follow_links=follow_links)
        self._rescan_seconds = rescan_seconds
        self._scanning = threading.Lock()
        self._scanned_at: float | None = None
        self._files: Mapping[str, PurePath] = {}
        self._passed_over = 0
        self._headers = HeaderCache()
        self.place = folder / HIDDEN  # so that nothing of ours is taken for an image
        self.results = ResultStore(self.place / RESULTS)
        super().__init__(folder, patterns, read_only=read_only)

    def list_images(self) -> list[str]:
        """Ids of the images that are there, in order of their paths."""
        if self._due():
            self._rescan()
        return list(self._files)

    def lists(self, name: str) -> bool:
        """Whether this is the id of an image that was there when the folder was last scanned."""
        return name in self._files

    def files_passed_over(self) -> int:
        """How many files of the folder are companions of its images; see :mod:`mammolens.dicom.discovery`."""
        self.list_images()
        return self._passed_over

    def refresh(self) -> None:
        """Scan the folder again, now."""
        self._rescan()
        self._adopt_labels()

    def get_image_uri(self, image_id: str) -> str:
        """Path of an image.

        Raises:
            UnknownImageError: no image of this folder, or it is gone.
        """
        self.describe(image_id)  # which sees whether it is still the image that is remembered
        return str(self._path(image_id))

    def get_image_info(self, image_id: str) -> dict[str, Any]:
        """What is remembered of an image, and its path.

        Raises:
            UnknownImageError: no image of this folder, or it is gone.
        """
        return with_path(super().get_image_info(image_id), self._path(image_id))

    def describe(self, image_id: str) -> ImageDescription | None:
        """What the file's header says; ``None`` for a file that is not a mammogram."""
        try:
            header = self._headers.header(self._path(image_id))
        except InputError:
            return None
        if _is_another(self.objects().get(image_id), header.sop_instance_uid):
            self._reset_info(image_id, header.sop_instance_uid)
        return ImageDescription.of_header(image_id, header)

    def can_store(self) -> bool:
        """Never: there is no PACS behind a folder."""
        return False

    def store(self, datasets: Sequence[Dataset]) -> None:
        """Refused.

        Raises:
            RequestError: always.
        """
        raise RequestError("store", "there is no PACS behind this folder", "fetch the objects from the server instead")

    def add_image(self, image_id: str, image_filename: str, image_info: Mapping[str, Any]) -> str:
        """Take in a copy of an image, in the sub-folder 'uploads'.

        Returns:
            Its id.

        Raises:
            InputError: no mammogram.
            RequestError: there is one of that name already.
        """
        read_header(Path(image_filename))
        if file_kind(Path(image_filename)) is FileKind.PICTURE:
            read_mammogram(Path(image_filename))  # as it has no header that tells whether it is one
        suffix = Path(image_filename).suffix.lower()
        name = check_image_id(image_id or Path(image_filename).stem).removesuffix(suffix) + suffix
        relative = PurePath(UPLOADS_FOLDER, name)
        target = self._root / relative
        if target.exists():
            raise RequestError(name, "was uploaded before", "give another id")
        with atomic_file(target) as temporary:
            shutil.copyfile(image_filename, temporary)
        self._rescan()
        added = image_id_of(relative)
        self.update_image_info(added, image_info)
        return added

    def uploaded(self, name: str) -> Path:
        """Path of an upload of that name, which need not exist."""
        return self._root / UPLOADS_FOLDER / name

    def remove_image(self, image_id: str) -> None:
        """Remove an image that was uploaded through the server, its labels and its result.

        Raises:
            RequestError: an original of the folder.
            UnknownImageError: no image of this folder.
        """
        path = self._path(image_id)
        if path.relative_to(self._root).parts[0] != UPLOADS_FOLDER:
            raise RequestError(image_id, "is an original, which the server never removes", "move the file itself")
        for tag in list(self.known(image_id).labels):
            self.remove_label(image_id, tag)
        self.results.drop(Of.IMAGE, image_id)
        path.unlink(missing_ok=True)
        self._rescan()

    _copies_are_listed = True

    def _copies(self, image_ids: Collection[str]) -> list[Path]:
        """What was uploaded or received."""
        self.list_images()
        files = (self._files[image_id] for image_id in image_ids if image_id in self._files)
        return [self._root / file for file in files if file.parts[0] == UPLOADS_FOLDER]

    def _path(self, image_id: str) -> Path:
        check_image_id(image_id)
        if image_id not in self._files:
            self.list_images()
        relative = self._files.get(image_id)
        if relative is None:
            raise UnknownImageError(image_id, "no such image here", "see GET /datastore/?output=all for the ids")
        return self._root / relative

    def _reset_info(self, image_id: str, sop_instance_uid: str) -> None:
        """Set the stored state aside, because the file is now another image, perhaps of another patient."""
        with self.writing() as objects:
            known = objects[image_id]
            if not _is_another(known, sop_instance_uid):  # another thread was quicker
                return
            before = dict(known.image.info)
            aside = [*before.pop(InfoKey.EARLIER, []), before]
            info = {
                InfoKey.FIRST_SEEN.value: int(time.time()),
                InfoKey.NAME.value: before.get(InfoKey.NAME),
                InfoKey.EARLIER.value: aside,
            }
            objects[image_id] = known.model_copy(update={"image": known.image.model_copy(update={"info": info})})
        self.results.drop(Of.IMAGE, image_id)

    def _due(self) -> bool:
        if self._scanned_at is None:
            return True
        return self._rescan_seconds is not None and time.monotonic() - self._scanned_at > self._rescan_seconds

    def _rescan(self) -> None:
        with self._scanning:
            found, passed_over = self._scan.find()
            files = {image_id_of(relative): relative for relative in found}
            self.remember({image_id: _first_entry(relative) for image_id, relative in files.items()})
            self._files, self._passed_over, self._scanned_at = files, passed_over, time.monotonic()


def _first_entry(relative: PurePath) -> DataModel:
    info = {InfoKey.FIRST_SEEN.value: int(time.time()), InfoKey.NAME.value: path_as_text(relative)}
    return DataModel(ext=path_as_text(relative.suffix), info=info)


def _is_another(known: ImageLabelModel | None, sop_instance_uid: str) -> bool:
    """Whether something is remembered of another image than this one."""
    remembered = known.image.info.get(InfoKey.SOP_INSTANCE_UID) if known else None
    return remembered not in (None, sop_instance_uid)


class HeaderCache:
    """Headers of image files, each read once as long as the file stays the same; safe to use from several threads."""

    def __init__(self, read: Callable[[Path], ImageHeader] = read_header) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._headers: LRUCache[tuple[Path, int, int], ImageHeader] = LRUCache(_HEADERS)

    def header(self, path: Path) -> ImageHeader:
        """The header of a file.

        Raises:
            InputError: the file is not a mammogram, or is gone.
        """
        try:
            status = path.stat()
        except OSError:
            return self._read(path)  # which says what is wrong with it
        key = (path, status.st_mtime_ns, status.st_size)
        with self._lock:
            known = self._headers.get(key)
        if known is None:
            known = self._read(path)
            with self._lock:
                self._headers[key] = known
        return known
