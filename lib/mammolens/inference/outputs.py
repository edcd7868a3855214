"""The files that a prediction leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mammolens.dicom.export import write_volume
from mammolens.files import whole_file
from mammolens.inference.overlay import annotated, render_overlay
from mammolens.types import AnomalyResult, Mammogram

RESULTS = "results.jsonl"


def output_stems(paths: Sequence[Path]) -> dict[Path, str]:
    """A file stem for each image: its own, with as many parent folders in front as tell them apart."""
    stems = {path: path.name.removesuffix(path.suffix) for path in paths}
    for depth in range(1, max((len(path.parts) for path in paths), default=1)):
        counts: dict[str, int] = {}
        for stem in stems.values():
            counts[stem] = counts.get(stem, 0) + 1
        clashing = [path for path in paths if counts[stems[path]] > 1]
        if not clashing:
            break
        for path in clashing:
            parents = path.parts[max(0, len(path.parts) - 1 - depth) : -1]
            stems[path] = "_".join([*(part.strip("/") for part in parents), path.name.removesuffix(path.suffix)])
    return stems


def write_maps(result: AnomalyResult, folder: Path, stem: str) -> list[Path]:
    """Write the float anomaly map as .nrrd and .nii.gz in the image's geometry."""
    paths = [folder / f"{stem}.anomaly{suffix}" for suffix in (".nrrd", ".nii.gz")]
    for path in paths:
        write_volume(result.anomaly_map, result.header, path)
    return paths


def write_overlay(result: AnomalyResult, mammogram: Mammogram, folder: Path, stem: str) -> Path:
    """Write the captioned overlay picture as PNG."""
    path = folder / f"{stem}.overlay.png"
    with whole_file(path) as temporary:
        annotated(render_overlay(mammogram.pixels, result), result.record).save(temporary, format="PNG")
    return path
