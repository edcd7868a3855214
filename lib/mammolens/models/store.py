"""The versions of a model that a server has, and which of them serves."""

from __future__ import annotations

import shutil
import uuid
from importlib.resources import files
from pathlib import Path

from mammolens.errors import ModelError
from mammolens.files import write_text
from mammolens.models.directory import CALIBRATION, CARD, CONFIG, TRAINING, WEIGHTS, model_id_of

_POINTER = "serving"
PRETRAINED = "autoencoder"


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

    def serving(self) -> Path:
        """The directory of the serving version; the pretrained one where none was published.

        Raises:
            ModelError: the pointer names a version that is gone.
        """
        pointer = self.root / _POINTER
        if not pointer.exists():
            return pretrained_directory()
        directory = self.root / "versions" / pointer.read_text(encoding="utf-8").strip()
        if not directory.is_dir():
            raise ModelError(directory, "is the serving version but is gone", f"restore it, or delete {pointer}")
        return directory

    def versions(self) -> list[str]:
        """Ids of the versions, oldest first."""
        folder = self.root / "versions"
        found = [path for path in folder.glob("*") if path.is_dir()] if folder.is_dir() else []
        return [path.name for path in sorted(found, key=lambda path: path.stat().st_mtime)]

    def publish(self, directory: Path) -> str:
        """Copy a complete model directory into the store and let it serve; returns its id.

        Raises:
            ModelError: a file of the model is missing.
        """
        for name in (CONFIG, WEIGHTS, TRAINING, CALIBRATION):
            if not (directory / name).is_file():
                raise ModelError(directory, f"has no {name}", "publish a trained and calibrated model")
        model_id = model_id_of(directory)
        versions = self.root / "versions"
        versions.mkdir(parents=True, exist_ok=True)
        version = (
            versions / f"{model_id}-{uuid.uuid4().hex[:6]}" if (versions / model_id).exists() else versions / model_id
        )
        temporary = versions / f".{uuid.uuid4().hex}"
        temporary.mkdir()
        for name in (CONFIG, WEIGHTS, TRAINING, CALIBRATION, CARD):
            if (directory / name).is_file():
                shutil.copy2(directory / name, temporary / name)
        temporary.rename(version)
        write_text(self.root / _POINTER, version.name)
        return version.name
