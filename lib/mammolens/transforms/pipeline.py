"""The one preprocessing chain, for training and for inference, and its way back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.data import MetaTensor
from monai.transforms import Compose
from numpy.typing import NDArray

from mammolens.config import PreprocessingConfig
from mammolens.enums import Keys
from mammolens.errors import MammoLensError
from mammolens.transforms.base import SpatialTransform, derived
from mammolens.transforms.breast_mask import BREAST_HEIGHT, BREAST_SHARE, BreastMaskd
from mammolens.transforms.crop import Box, CropToBreastd, cropped_box
from mammolens.transforms.load import ATTRIBUTES, LoadMammogramd, as_meta_tensor
from mammolens.transforms.normalize import NormalizeInBreastd
from mammolens.transforms.orient import OrientToLeftd
from mammolens.transforms.resample import ResizeToSquared
from mammolens.transforms.resample_mm import ResizeToPixelSized, known_or_assumed_spacing
from mammolens.types import BoolImage, FloatImage, ImageAttributes, Mammogram


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A mammogram on the network's grid; both carry the trace of what was done to them.

    Attributes:
        image: MetaTensor ``(1, size, size)`` float32 in [0, 1], chest wall on the left, 0 outside.
        mask: MetaTensor ``(1, size, size)`` float32, the share of each pixel inside the breast.
        breast_share: of the original image's area, in [0, 1].
        breast_height: as a share of the original image's rows, in [0, 1].
        lesions: MetaTensor ``(1, size, size)`` float32, the share of each pixel inside an outlined lesion; ``None``
            where none was given.
    """

    image: MetaTensor
    mask: MetaTensor
    breast_share: float
    breast_height: float
    lesions: MetaTensor | None = None


class Pipeline:
    """File or mammogram to the network's input, and maps of that size back to the image's own grid.

    ``spatial`` and ``intensity`` are MONAI ``Compose`` chains over ``Keys.IMAGE``, ``Keys.BREAST_MASK`` and, where
    lesions are given, ``Keys.LESIONS``; ``chain`` is all of it, ``transforms`` has the loader in front.
    """

    def __init__(self, config: PreprocessingConfig) -> None:
        self.config = config
        resize = (
            ResizeToPixelSized(config.pixel_size_mm, config.size, config.assumed_height_mm)
            if config.grid == "pixel_size" and config.pixel_size_mm is not None
            else ResizeToSquared(config.size)
        )
        self.spatial = Compose([CropToBreastd(margin=config.margin), OrientToLeftd(), resize])
        self.intensity = Compose([NormalizeInBreastd(percentiles=config.percentiles)])
        self.chain = Compose([BreastMaskd(), self.spatial, self.intensity])
        self.transforms = Compose([LoadMammogramd(Keys.IMAGE), self.chain])

    def load(self, path: Path, attributes: ImageAttributes) -> Prepared:
        """Read and prepare an image file; raises as the reader does."""
        return self._prepared(self.transforms, {Keys.IMAGE: path, ATTRIBUTES: attributes})

    def prepare(self, mammogram: Mammogram, lesions: BoolImage | None = None) -> Prepared:
        """Prepare a mammogram that was read already; raises where no breast is found or it is too large.

        Args:
            mammogram: as it was read.
            lesions: which of its pixels are lesion, brought to the grid with them.
        """
        image = as_meta_tensor(mammogram)
        given: dict[str, Any] = {Keys.IMAGE: image}
        if lesions is not None:
            given[Keys.LESIONS] = derived(image, torch.tensor(lesions)[None])
        return self._prepared(self.chain, given)

    def restore_map(self, values: torch.Tensor, prepared: Prepared) -> FloatImage:
        """Bring a map ``(1, size, size)`` to the original grid: ``(rows, cols)`` float32, 0 elsewhere."""
        return self._restored(values, prepared.mask)

    def restore_in_box(self, values: torch.Tensor, prepared: Prepared) -> tuple[FloatImage, Box]:
        """Bring a map to the original grid as :meth:`restore_map` does, but only where it may differ from 0.

        Returns:
            The map in the breast's box, float32, and the box.
        """
        data: dict[Any, Any] = {Keys.IMAGE: _with_trace(values, prepared.mask)}
        for transform in reversed(self.spatial.transforms[1:]):  # all but the crop
            data = transform.inverse(data)
        return data[Keys.IMAGE].as_tensor()[0].numpy(), cropped_box(data[Keys.IMAGE])

    def restore_image(self, values: torch.Tensor, prepared: Prepared) -> FloatImage:
        """Bring an image ``(1, size, size)`` of normalised greys back, greys included: ``(rows, cols)`` in [0, 1]."""
        image = _with_trace(values, prepared.image)
        greys = self.intensity.inverse({Keys.IMAGE: image})[Keys.IMAGE]
        restored = self._restored(greys.as_tensor() * prepared.mask.as_tensor(), prepared.mask)
        return np.clip(restored, 0.0, 1.0, out=restored)

    def restore_points(self, points: NDArray[np.float64], prepared: Prepared) -> NDArray[np.float64]:
        """Bring points ``(n, 2)``, rows and columns on the network's grid, to the original grid."""
        applied = prepared.mask.applied_operations
        for wrapper, operation in zip(reversed(self.spatial.transforms), reversed(applied), strict=True):
            transform: SpatialTransform = wrapper.transform
            points = transform.inverse_points(points, operation["extra_info"])
        return points

    def pixel_size_mm(self, prepared: Prepared) -> tuple[float, float]:
        """Size of a pixel of the network's grid, between rows and between columns; assumed if no header states it."""
        spacing = known_or_assumed_spacing(prepared.mask, self.config.assumed_height_mm)
        rows, columns = np.abs(np.diff(self.restore_points(np.array([[0.0, 0.0], [1.0, 1.0]]), prepared), axis=0))[0]
        return float(rows) * spacing[0], float(columns) * spacing[1]

    def _prepared(self, transforms: Compose, given: dict[str, Any]) -> Prepared:
        with _own_errors():
            data = transforms(given)
        image, mask = data[Keys.IMAGE], data[Keys.BREAST_MASK]
        share, height = (float(mask.meta[key]) for key in (BREAST_SHARE, BREAST_HEIGHT))
        return Prepared(image, mask, share, height, data.get(Keys.LESIONS))

    def _restored(self, values: torch.Tensor, traced: MetaTensor) -> FloatImage:
        restored = self.spatial.inverse({Keys.IMAGE: _with_trace(values, traced)})[Keys.IMAGE]
        return np.ascontiguousarray(restored.as_tensor()[0].numpy(), dtype=np.float32)


@contextmanager
def _own_errors() -> Iterator[None]:
    """Let our errors through as they are: MONAI's ``Compose`` wraps whatever a transform raises in RuntimeErrors."""
    try:
        yield
    except RuntimeError as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, MammoLensError):
            cause = cause.__cause__
        if cause is None:
            raise
        raise cause from None


def _with_trace(values: torch.Tensor, traced: MetaTensor) -> MetaTensor:
    tensor = MetaTensor(torch.as_tensor(values).detach().cpu().float(), meta=dict(traced.meta))
    tensor.applied_operations = list(traced.applied_operations)
    return tensor
