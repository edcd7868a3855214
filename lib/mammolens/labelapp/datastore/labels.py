"""Labels of a datastore: one volume an image and tag, ``labels/<tag>/<image id>.nrrd`` or ``.nii.gz``.

A final label is what a person decided: where another one is saved, the earlier one stays under the tag ``final-1``,
``final-2`` and so on.
"""

from __future__ import annotations

import filecmp
import itertools
import shutil
import tempfile
import time
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monailabel.datastore.local import DataModel, ImageLabelModel
from monailabel.interfaces.datastore import DefaultLabelTag

from mammolens.errors import RequestError, UnknownImageError
from mammolens.files import atomic_file, removed_if_it_fails
from mammolens.labelapp.datastore.shared_state import SharedState
from mammolens.labelapp.identifiers import check_tag
from mammolens.labelapp.keys import InfoKey, ResultExtension


@dataclass(frozen=True, slots=True)
class ErasedFiles:
    """Files that were erased with images.

    Attributes:
        labels: number of label files.
        copies: images that were uploaded, received or cached.
        listed_copies: of these, how many are the only file of an image of the list.
    """

    labels: int = 0
    copies: int = 0
    listed_copies: int = 0


class LabelledImages(SharedState):
    """A datastore that keeps labels beside the images, never in them."""

    def save_label(self, image_id: str, label_filename: str, label_tag: str, label_info: Mapping[str, Any]) -> str:
        """Keep a label of an image; one of the same tag is replaced, of which a final one stays as a version.

        Args:
            label_filename: a .nrrd or .nii.gz file; it is copied.

        Returns:
            The label's id, which is the image's.

        Raises:
            RequestError: tag or file format that is not taken.
            UnknownImageError: no image of this datastore.
        """
        tag, extension = check_tag(_plain(label_tag)), _extension(label_filename)
        self.known(image_id)
        target = self._label_file(image_id, tag, extension)
        info = {**(label_info or {}), "ts": int(time.time()), "name": target.name}
        with self.writing() as objects:
            changed = objects[image_id].model_copy(deep=True)
            if tag == DefaultLabelTag.FINAL.value and tag in changed.labels:
                self._keep_version(image_id, changed.labels, Path(label_filename))
            self.with_room(lambda: _copy(Path(label_filename), target))
            for other in set(ResultExtension) - {extension}:
                self._label_file(image_id, tag, other).unlink(missing_ok=True)
            changed.labels[tag] = DataModel(info=info, ext=extension.value)
            objects[image_id] = changed
        return image_id

    def get_label_uri(self, label_id: str, label_tag: str, image_id: str = "") -> str:
        """Path of a label's file; empty where there is none (the server answers 404)."""
        label = self.known(label_id).labels.get(check_tag(_plain(label_tag)))
        return str(self._label_file(label_id, _plain(label_tag), ResultExtension(label.ext))) if label else ""

    def get_label_info(self, label_id: str, label_tag: str) -> dict[str, Any]:
        """What is remembered of a label; empty where there is none."""
        label = self.known(label_id).labels.get(check_tag(_plain(label_tag)))
        return dict(label.info) if label else {}

    def update_label_info(self, label_id: str, label_tag: str, info: Mapping[str, Any]) -> None:
        """Merge into what is remembered of a label.

        Raises:
            UnknownImageError: no such image or no label of this tag.
        """
        tag = check_tag(_plain(label_tag))
        if tag not in self.known(label_id).labels:
            raise UnknownImageError(label_id, f"has no label {tag!r}", "save one with PUT /datastore/label")
        with self.writing() as objects:
            changed = objects[label_id].model_copy(deep=True)
            changed.labels[tag].info.update(info)
            objects[label_id] = changed

    def remove_label(self, label_id: str, label_tag: str) -> None:
        """Remove a label and its file.

        Raises:
            UnknownImageError: no such image or no label of this tag.
        """
        tag, path = check_tag(_plain(label_tag)), self.get_label_uri(label_id, label_tag)
        if not path:
            raise UnknownImageError(label_id, f"has no label {tag!r}", "nothing is left to do")
        with self.writing() as objects:
            Path(path).unlink(missing_ok=True)
            changed = objects[label_id].model_copy(deep=True)
            changed.labels.pop(tag, None)
            objects[label_id] = changed

    def known_ids(self) -> Collection[str]:
        """Ids of all images that are remembered, those that vanished among them."""
        return self.objects().keys()

    def erasable(self, image_ids: Collection[str]) -> ErasedFiles:
        """Which files :meth:`erase` would remove."""
        objects, copies = self.objects(), self._copies(image_ids)
        labels = sum(len(objects[image_id].labels) for image_id in image_ids if image_id in objects)
        return ErasedFiles(labels, len(copies), len(copies) if self._copies_are_listed else 0)

    def erase(self, image_ids: Collection[str], sop_instance_uids: Collection[str]) -> ErasedFiles:
        """Forget images, and remove their labels and the server's own copies of them; originals are never removed.

        Args:
            image_ids: of the images.
            sop_instance_uids: of the images, also of those that another image has replaced since.

        Returns:
            What was removed.

        Raises:
            StorageError: the state cannot be written.
        """
        erased = self.erasable(image_ids)
        for copy in self._copies(image_ids):
            copy.unlink(missing_ok=True)
        here = set(self.list_images())
        with self.writing() as objects:
            names_alone = [one for one, known in objects.items() if one not in here and _is_name_alone(known)]
            for image_id in (*image_ids, *names_alone):  # file names of removed originals may name the patient
                if (known := objects.pop(image_id, None)) is not None:
                    for tag, label in known.labels.items():
                        self._label_file(image_id, tag, ResultExtension(label.ext)).unlink(missing_ok=True)
            for image_id, known in objects.items():
                if before := known.image.info.get(InfoKey.EARLIER):
                    kept = [one for one in before if one.get(InfoKey.SOP_INSTANCE_UID) not in sop_instance_uids]
                    image = known.image.model_copy(update={"info": {**known.image.info, InfoKey.EARLIER.value: kept}})
                    objects[image_id] = known.model_copy(update={"image": image})
        self.refresh()
        return erased

    _copies_are_listed = False

    def _copies(self, image_ids: Collection[str]) -> list[Path]:
        """Files of images that the server made itself; a subclass says which."""
        raise NotImplementedError

    def get_labeled_images(self, label_tag: str | None = None, labels: list[str] | None = None) -> list[str]:
        """Ids of images with a label of the tag, 'final' by default."""
        tag, here = _plain(label_tag or DefaultLabelTag.FINAL), self.list_images()
        objects = self.objects()
        return [image_id for image_id in here if tag in objects[image_id].labels]

    def get_unlabeled_images(self, label_tag: str | None = None, labels: list[str] | None = None) -> list[str]:
        """Ids of images without a label of the tag, 'final' by default."""
        labelled = set(self.get_labeled_images(label_tag))
        return [image_id for image_id in self.list_images() if image_id not in labelled]

    def datalist(self, full_path: bool = True) -> list[dict[str, Any]]:
        """Images with a final label, and that label, as paths."""
        final = DefaultLabelTag.FINAL.value
        return [
            {"image": self.get_image_uri(image_id), "label": self.get_label_uri(image_id, final)}
            for image_id in self.get_labeled_images(final)
        ]

    def get_dataset_archive(self, limit_cases: int | None) -> str:
        """Path of a temporary ZIP file with the images that have a final label; the caller removes it.

        Args:
            limit_cases: at most this many images; ``None`` and 0: all.

        Raises:
            RequestError: there is none.
        """
        if not self.get_labeled_images():
            raise RequestError("dataset", "no image has a label 'final'", "save one with PUT /datastore/label first")
        with tempfile.NamedTemporaryFile(suffix=".zip", delete=False) as file:
            path = Path(file.name)
        with removed_if_it_fails(path), zipfile.ZipFile(path, "w") as archive:  # MONAI Label's own leaves half of it
            for case in self.datalist()[: limit_cases or None]:
                for key, member in case.items():
                    archive.write(member, f"{key}/{Path(member).name}")
            archive.writestr("metadata.json", self._datastore.model_dump_json(exclude={"base_path"}))
        return str(path)

    def _keep_version(self, image_id: str, labels: dict[str, DataModel], successor: Path) -> None:
        """Copy the final label, unless its successor is the same, sent once more."""
        final = DefaultLabelTag.FINAL.value
        extension = ResultExtension(labels[final].ext)
        file = self._label_file(image_id, final, extension)
        if not file.is_file() or filecmp.cmp(file, successor, shallow=False):
            return
        number = next(number for number in itertools.count(1) if f"{final}-{number}" not in labels)
        version = f"{final}-{number}"
        self.with_room(lambda: _copy(file, self._label_file(image_id, version, extension)))
        labels[version] = labels[final]

    def _label_file(self, image_id: str, tag: str, extension: ResultExtension) -> Path:
        return Path(self._datastore.label_path(tag)) / f"{image_id}{extension.value}"

    def _adopt_labels(self) -> None:
        """Forget labels whose file is gone."""
        lost = [
            (image_id, tag)
            for image_id, known in self.objects().items()
            for tag, label in known.labels.items()
            if not self._label_file(image_id, tag, ResultExtension(label.ext)).is_file()
        ]
        if lost:
            with self.writing() as objects:
                for image_id, tag in lost:
                    changed = objects[image_id].model_copy(deep=True)
                    changed.labels.pop(tag, None)
                    objects[image_id] = changed


def _is_name_alone(known: ImageLabelModel) -> bool:
    return not known.labels and known.image.info.keys() <= {InfoKey.FIRST_SEEN, InfoKey.NAME}


def _copy(source: Path, target: Path) -> None:
    with atomic_file(target) as temporary:
        shutil.copyfile(source, temporary)


def _plain(tag: str) -> str:
    """MONAI Label hands tags over as members of a str Enum, whose text is not their value."""
    return str(tag.value) if isinstance(tag, DefaultLabelTag) else tag


def _extension(filename: str) -> ResultExtension:
    for extension in ResultExtension:
        if filename.endswith(extension.value):
            return extension
    suffix = Path(filename).suffix or "without suffix"
    raise RequestError(f"label file ({suffix})", "has an unsupported format", f"send {' or '.join(ResultExtension)}")
