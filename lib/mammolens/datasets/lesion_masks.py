"""Lesions that masks mark, read from their files when they are needed: a collection has thousands of large ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, overload

from mammolens.datasets.base import Lesion
from mammolens.dicom.decoding import decoded_cells
from mammolens.dicom.opening import open_dicom
from mammolens.dicom.reader import read_shape
from mammolens.errors import PixelDataError

_SMALLEST: Final = 0.5  # of the image's pixels; masks are as large but for a few, crops far smaller


@dataclass(frozen=True, slots=True)
class LesionMask:
    """The mask of one lesion.

    Attributes:
        files: DICOM files; the largest is the mask, others are crops of the image.
        kind: of the lesion.
        written: when each file was, in nanoseconds since 1970: detects that a mask was replaced.
    """

    files: tuple[Path, ...]
    kind: str
    written: tuple[int, ...] = ()


@dataclass(frozen=True)  # no slots: what was read is kept
class LesionMasks(Sequence[Lesion]):
    """The lesions of one image: the upright ellipses in the boxes around its masks.

    The masks are read, once, as soon as a lesion or their number is asked for; whether there are some is known before.

    Args:
        image: whose lesions they are.
        masks: one for each lesion; at least one.

    Raises:
        InputError: on the first use, where a mask is damaged, empty or missing.
    """

    image: Path
    masks: tuple[LesionMask, ...]

    def __bool__(self) -> bool:
        return bool(self.masks)

    def __len__(self) -> int:
        return len(self._lesions)

    @overload
    def __getitem__(self, index: int) -> Lesion: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Lesion]: ...
    def __getitem__(self, index: int | slice) -> Lesion | Sequence[Lesion]:
        return self._lesions[index]

    @cached_property
    def _lesions(self) -> tuple[Lesion, ...]:
        shape = read_shape(self.image)
        return tuple(self._lesion(mask, shape) for mask in self.masks)

    def _lesion(self, mask: LesionMask, shape: tuple[int, int]) -> Lesion:
        sizes = {file: read_shape(file) for file in mask.files}
        file = max(sizes, key=lambda file: sizes[file][0] * sizes[file][1])
        if sizes[file][0] * sizes[file][1] < _SMALLEST * shape[0] * shape[1]:
            reason = f"is not a mask of {self.image.name}: it has {sizes[file][0]} x {sizes[file][1]} pixels"
            raise PixelDataError(file, f"{reason}, the image {shape[0]} x {shape[1]}", "download the mask again")
        cells = decoded_cells(open_dicom(file, with_pixels=True), file).patterns > 0
        if not cells.any():
            raise PixelDataError(
                file, "the mask is empty, so the position of the lesion is unknown", "download it again"
            )
        found = Lesion.around(cells, kind=mask.kind)
        down, right = shape[0] / cells.shape[0], shape[1] / cells.shape[1]  # a few have another size than their image
        top, left = (found.row - found.half_rows) * down, (found.column - found.half_columns) * right
        bottom, end = top + 2 * found.half_rows * down, left + 2 * found.half_columns * right
        return Lesion.in_box(top, left, bottom, end, kind=mask.kind)
