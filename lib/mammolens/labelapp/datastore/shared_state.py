"""What a datastore remembers of its images, shared safely by server threads and background processes."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock
from monailabel.datastore.local import DataModel, ImageLabelModel, LocalDatastore, LocalDatastoreModel
from pydantic import ValidationError

from mammolens.errors import DatasetError, RequestError, UnknownImageError
from mammolens.files import write_text
from mammolens.labelapp.datastore.stored_score import StoredScore
from mammolens.labelapp.identifiers import check_image_id
from mammolens.labelapp.keys import InfoKey
from mammolens.names import path_as_text

Objects = dict[str, ImageLabelModel]
T = TypeVar("T")
_DECIDED = (InfoKey.REVIEW, InfoKey.REVIEWS)
_SET_ONCE = (InfoKey.FIRST_SCORED,)
STATE_FILE = "datastore_v2.json"  # MONAI Label's own name, so that tools that know it find it


class SharedState(LocalDatastore):
    """A datastore whose state file is written whole, under a lock, after reading what others wrote.

    What is known of an image stays when the image vanishes: labels and scores survive a mount that is
    away for a minute. Subclasses say which images are there now (``list_images``). What people decided is not
    kept here: that is the ledger's.
    """

    def __init__(self, folder: Path, patterns: Sequence[str] = ("*.dcm",), *, read_only: bool = False) -> None:
        self._threads = threading.RLock()
        self._processes = FileLock(str(folder / ".mammolens.lock"))
        self._seen: tuple[int, int, int] | None = None
        LocalDatastore.__init__(
            self,
            str(folder),
            datastore_config=STATE_FILE,
            extensions=tuple(patterns),
            auto_reload=False,  # MONAI Label's file watcher knows no sub-folders
            read_only=read_only,
        )

    def _init_from_datastore_file(self, throw_exception: bool = False) -> None:
        """Take over the state file if another process has replaced it since it was last read."""
        path = Path(self._datastore_config_path)
        with self._threads:
            try:
                status = path.stat()
                seen = (status.st_mtime_ns, status.st_ino, status.st_size)
                if seen == self._seen:
                    return
                state = LocalDatastoreModel.model_validate_json(path.read_text(encoding="utf-8"))
            except FileNotFoundError:
                return
            except ValidationError as error:
                raise DatasetError(
                    path, f"is damaged ({error.error_count()} errors)", "restore it from a backup or move it away"
                ) from error
            state.base_path = self._datastore_path
            self._datastore, self._seen = state, seen

    def _update_datastore_file(self, lock: bool = True) -> None:
        path = Path(self._datastore_config_path)
        with self._threads:
            state = self._datastore.model_dump_json(exclude={"base_path"}, indent=1)
            self.with_room(lambda: write_text(path, state))
            status = path.stat()
            self._seen = (status.st_mtime_ns, status.st_ino, status.st_size)

    @contextmanager
    def writing(self) -> Iterator[Objects]:
        """Give a copy of the objects to change; it replaces the state, on disk too, if nothing is raised."""
        with self._threads, self._processes:
            self._init_from_datastore_file()
            before = self._datastore
            objects: Objects = dict(before.objects)
            yield objects
            self._datastore = before.model_copy(update={"objects": objects})
            try:
                self._update_datastore_file()
            except OSError:
                self._datastore = before
                raise

    def with_room(self, write: Callable[[], T]) -> T:
        """Do what writes; a datastore that can make room on a full disk does, and tries once more."""
        return write()

    def objects(self) -> Mapping[str, ImageLabelModel]:
        """What is remembered, of images that are there and of those that were; not to be changed."""
        self._init_from_datastore_file()
        objects: Objects = self._datastore.objects
        return objects

    def remember(self, found: Mapping[str, DataModel]) -> None:
        """Write down images that were not known yet."""
        if found.keys() - self.objects().keys():
            with self.writing() as objects:
                for image_id, image in found.items():
                    objects.setdefault(image_id, ImageLabelModel(image=image))

    def known(self, image_id: str) -> ImageLabelModel:
        """What is remembered of an image.

        Raises:
            RequestError: not an id at all.
            UnknownImageError: no image of this datastore.
        """
        check_image_id(image_id)
        if image_id not in self.objects():
            self.list_images()
        found = self.objects().get(image_id)
        if found is None:
            raise UnknownImageError(image_id, "no such image here", "see GET /datastore/?output=all for the ids")
        return found

    def get_image_info(self, image_id: str) -> dict[str, Any]:
        """A copy of what is remembered of an image.

        Raises:
            UnknownImageError: no image of this datastore.
        """
        return copy.deepcopy(self.known(image_id).image.info)

    def update_image_info(self, image_id: str, info: Mapping[str, Any]) -> None:
        """Merge into what is remembered of an image.

        Raises:
            RequestError: a review mark, which is a decision.
            UnknownImageError: no image of this datastore.
        """
        self.update_image_infos({image_id: info})

    def update_image_infos(self, infos: Mapping[str, Mapping[str, Any]]) -> None:
        """The same for several images, all of them or none."""
        for image_id in infos:
            self.known(image_id)
        with self.writing() as objects:
            for image_id, change in infos.items():
                known = objects[image_id]
                image = known.image.model_copy(update={"info": _merged(known.image.info, change)})
                objects[image_id] = known.model_copy(update={"image": image})

    def version(self) -> object:
        """What is remembered, as an object that is another one as soon as anything changes."""
        return self.objects()

    def infos(self, image_ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """What is remembered of images, not to be changed; each is another object as soon as it changes."""
        objects = self.objects()
        return {image_id: objects[image_id].image.info for image_id in image_ids if image_id in objects}

    def status(self) -> dict[str, Any]:
        """Counts: images, those with a final label, labels a tag, scored ones."""
        here = self.list_images()
        objects = self.objects()
        infos = [objects[image_id].image.info for image_id in here]
        tags = [tag for image_id in here for tag in objects[image_id].labels]
        return {
            "total": len(here),
            "completed": len(self.get_labeled_images()),
            "label_tags": {tag: tags.count(tag) for tag in sorted(set(tags))},
            "scored": sum(StoredScore.of(info) is not None for info in infos),
        }

    def json(self) -> dict[str, Any]:
        """The images that are there now, with what is remembered of each."""
        here = self.list_images()
        objects = self.objects()
        state: dict[str, Any] = self._datastore.model_dump(exclude={"base_path", "objects"})
        return {**state, "objects": {image_id: objects[image_id].model_dump() for image_id in here}}

    def _reconcile_datastore(self) -> None:
        self.list_images()
        self._adopt_labels()

    def _adopt_labels(self) -> None:
        """A subclass with labels brings the state up to date with the label files."""


def _merged(info: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    if any(key in change for key in _DECIDED):
        raise RequestError("info: review", "is a decision, which the ledger keeps", "send it to /datastore/image/info")
    kept = {InfoKey.EARLIER, *(key for key in _SET_ONCE if key in info)}
    return {**info, **{key: value for key, value in change.items() if key not in kept}}


def with_path(info: dict[str, Any], path: Path) -> dict[str, Any]:
    """The info with the file's place on the server, which local clients open directly."""
    return {**info, InfoKey.PATH.value: path_as_text(path)}
