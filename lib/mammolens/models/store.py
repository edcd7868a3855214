"""The versions of a model that a server has, and which of them serves."""

from __future__ import annotations

import errno
import shutil
import uuid
from importlib.resources import files
from pathlib import Path

from mammolens.errors import ModelError
from mammolens.files import write_text
from mammolens.models.directory import CALIBRATION, CARD, CONFIG, METRICS, TRAINING, WEIGHTS, load_model

_POINTER = "serving"
PRETRAINED = "restorer"
BASELINE = "autoencoder"  # the original method: a line in every report


def pretrained_directory(name: str = PRETRAINED) -> Path:
    """The model directory of that name inside the package."""
    return Path(str(files("mammolens.models"))) / "pretrained" / name


class ModelStore:
    """``root/versions/<model id>/`` and the pointer file ``root/serving``.

    The pointer is replaced atomically: whoever asks sees the old version or the new one entirely,
    and a crash at any moment leaves a version that can serve.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._versions = root / "versions"

    def serving(self) -> Path:
        """The directory of the serving version; the pretrained one where none was published.

        Raises:
            ModelError: the pointer names a version that is gone.
        """
        pointer = self.root / _POINTER
        if not pointer.exists():
            return pretrained_directory()
        name = pointer.read_text(encoding="utf-8", errors="replace").strip()
        if name not in self.versions():
            directory = self._versions / name
            raise ModelError(directory, "is the serving version but is gone", f"restore it, or delete {pointer}")
        return self._versions / name

    def versions(self) -> list[str]:
        """Ids of the versions, oldest first."""
        # Hidden folders are copies that are not complete, perhaps never will be.
        found = [path for path in self._versions.glob("[!.]*") if path.is_dir()]
        return [path.name for path in sorted(found, key=lambda path: path.stat().st_mtime_ns)]

    def publish(self, directory: Path) -> str:
        """Copy a complete model directory into the store and let it serve; returns its id.

        Raises:
            ModelError: a file of the model is missing or damaged.
        """
        for name in (CONFIG, WEIGHTS, TRAINING, CALIBRATION):
            if not (directory / name).is_file():
                raise ModelError(directory, f"has no {name}", "publish a trained and calibrated model")
        model_id = load_model(directory).model_id
        self._versions.mkdir(parents=True, exist_ok=True)
        temporary = self._versions / f".{uuid.uuid4().hex}"
        temporary.mkdir()
        try:
            for name in (CONFIG, WEIGHTS, TRAINING, CALIBRATION, CARD, METRICS):
                if (directory / name).is_file():
                    shutil.copy2(directory / name, temporary / name)
            version = self._placed(temporary, model_id)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        write_text(self.root / _POINTER, version)
        return version

    def _placed(self, copy: Path, model_id: str) -> str:
        """Give a complete copy its name: the model's id, with more behind it where that is taken."""
        name = model_id
        while True:
            try:
                copy.rename(self._versions / name)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                name = f"{model_id}-{uuid.uuid4().hex[:6]}"
            else:
                return name
