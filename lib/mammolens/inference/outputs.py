"""The files that a prediction leaves behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mammolens.dicom.discovery import OVERLAY_SUFFIX
from mammolens.dicom.export import write_volume
from mammolens.enums import MapSize
from mammolens.files import atomic_file
from mammolens.inference.caption import annotated
from mammolens.inference.overlay import render_overlay
from mammolens.types import AnomalyResult, Mammogram

RESULTS = "results.jsonl"
_PNG_LEVEL = 3  # of compression: overlays get as small as at 6, Pillow's own, in less than half the time
_SMALL_MAP = 512  # rows or columns at most: pixels of half a millimetre, finer than the networks' own
_IMAGE_SUFFIXES = frozenset((".dcm", ".dicom", ".png", ".jpg", ".jpeg", ".pgm"))


def output_stems(paths: Sequence[Path]) -> dict[Path, str]:
    """A unique file stem for each image.

    It is the image's own stem, with the suffix if the folder has another file of that stem, then with as many parent
    folders in front as make it unique, and finally with a number.
    """
    namesakes = Counter((path.parent, _own_stem(path)) for path in paths)
    own = {path: _own_stem(path) if namesakes[path.parent, _own_stem(path)] == 1 else path.name for path in paths}
    stems = dict(own)
    for depth in range(1, max((len(path.parts) for path in paths), default=1)):
        counts = Counter(stems.values())
        clashing = [path for path, stem in stems.items() if counts[stem] > 1]
        stems |= {path: "_".join([*_folders(path)[-depth:], own[path]]) for path in clashing}
    return dict(zip(stems, _numbered(stems.values()), strict=True))


def _own_stem(path: Path) -> str:
    # Anything else behind a dot belongs to the name: files are often called by their UID.
    return path.stem if path.suffix.lower() in _IMAGE_SUFFIXES else path.name


def _folders(path: Path) -> list[str]:
    return [part for part in path.parent.parts if part not in (path.anchor, "..")]


def _numbered(stems: Iterable[str]) -> Iterator[str]:
    taken: set[str] = set()
    for stem in stems:
        names = chain([stem], (f"{stem}-{number}" for number in count(2)))
        name = next(name for name in names if name not in taken)
        taken.add(name)
        yield name


def write_maps(result: AnomalyResult, folder: Path, stem: str, size: MapSize = MapSize.FULL) -> list[Path]:
    """Write the float anomaly map as .nrrd and .nii.gz in the image's geometry.

    Args:
        result: of the image.
        folder: to write to.
        stem: of the files' names.
        size: a small map has at most 512 rows and columns; with ``NONE`` nothing is written.

    Returns:
        The files.
    """
    if size is MapSize.NONE:
        return []
    paths = [folder / f"{stem}.anomaly{suffix}" for suffix in (".nrrd", ".nii.gz")]
    for path in paths:
        write_volume(result.anomaly_map, result.header, path, longest=_SMALL_MAP if size is MapSize.SMALL else None)
    return paths


def overlay_path(folder: Path, stem: str) -> Path:
    """Where :func:`write_overlay` writes."""
    return folder / f"{stem}{OVERLAY_SUFFIX}"


def write_overlay(result: AnomalyResult, mammogram: Mammogram, folder: Path, stem: str) -> Path:
    """Write the captioned overlay picture as PNG."""
    path = overlay_path(folder, stem)
    with atomic_file(path) as temporary:
        captioned_overlay(mammogram, result).save(temporary, format="PNG", compress_level=_PNG_LEVEL)
    return path


def captioned_overlay(mammogram: Mammogram, result: AnomalyResult, *, with_exam: bool = True) -> Image.Image:
    """The image with its heat, findings, caption and legend, RGB.

    ``with_exam``: the caption includes the exam, and findings have their numbers in it.
    """
    shown = result if with_exam else replace(result, finding_numbers=None)
    return annotated(render_overlay(mammogram.pixels, shown), shown, with_exam=with_exam)


def picture_to_burn_in(mammogram: Mammogram, result: AnomalyResult) -> NDArray[np.uint8]:
    """What a Secondary Capture shows: nothing of the exam, as its UID and so its content follow from the image alone.

    Returns:
        ``(rows, cols, 3)`` uint8.
    """
    return np.asarray(captioned_overlay(mammogram, result, with_exam=False))
