"""Insert synthetic lesions into normal mammograms, for evaluation without known cancers."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from scipy import ndimage

from mammolens.config import PreprocessingConfig
from mammolens.datasets.phantom_lesions import PhantomLesion, PhantomLesionKind, render_lesion
from mammolens.dicom.reader import read_mammogram
from mammolens.enums import Laterality
from mammolens.transforms.breast_mask import BreastMask
from mammolens.transforms.load import as_meta_tensor
from mammolens.transforms.pipeline import Pipeline, Prepared
from mammolens.types import BoolImage, ImageAttributes, Mammogram

_COARSE_SIDE = 256  # pixels of the longer side of the grid on which a place is looked for


def insert_lesion(mammogram: Mammogram, seed: int, assumed_height_mm: float) -> Mammogram:
    """Insert one lesion inside the breast: half of the time a mass, else calcifications.

    Kind, size (8 to 18 mm), contrast (0.12 to 0.40 of the grey scale) and location are drawn from the seed, the patient
    and the file's name. Images without pixel spacing are assumed to be ``assumed_height_mm`` tall.

    Raises:
        UnsupportedMammogramError: no breast is found.
    """
    header, (rows, columns) = mammogram.header, mammogram.pixels.shape
    name = f"{seed} {header.patient_id} {header.path.name}".encode()
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(name).digest()[:8]))
    spacing = (assumed_height_mm / rows, assumed_height_mm / rows / header.pixel_aspect_ratio)
    if header.spacing is not None:
        spacing = (header.spacing.between_rows, header.spacing.between_columns)
    breast = np.asarray(BreastMask()(as_meta_tensor(mammogram)).as_tensor()[0].numpy() > 0)
    lesion = _draw(rng)
    added = render_lesion(lesion, _place(breast, spacing, lesion.diameter, rng), (rows, columns), spacing, rng)
    return Mammogram(header, np.clip(mammogram.pixels + added * breast, 0, 1).astype(np.float32))


class LesionInsertionPipeline(Pipeline):
    """Prepares each file with a synthetic lesion inserted."""

    def __init__(self, config: PreprocessingConfig, seed: int) -> None:
        super().__init__(config)
        self._seed, self._assumed_height_mm = seed, config.assumed_height_mm

    def load(self, path: Path, attributes: ImageAttributes) -> Prepared:
        """Read an image file, insert a lesion and prepare it; raises the reader's errors."""
        return self.prepare(insert_lesion(read_mammogram(path, attributes), self._seed, self._assumed_height_mm))


def _draw(rng: np.random.Generator) -> PhantomLesion:
    kind = PhantomLesionKind.MASS if rng.uniform() < 0.5 else PhantomLesionKind.CALCIFICATIONS
    contrast = rng.uniform(0.12, 0.25) if kind is PhantomLesionKind.MASS else rng.uniform(0.25, 0.40)
    # The side says nothing here: the lesion is drawn into the image that is given.
    return PhantomLesion(kind, Laterality.LEFT, diameter=rng.uniform(8, 18), contrast=contrast)


def _place(
    breast: BoolImage, spacing: tuple[float, float], diameter: float, rng: np.random.Generator
) -> tuple[float, float]:
    """The centre (row, column) in mm of a lesion that lies inside the breast, if it is wide enough for that."""
    step = max(1, max(breast.shape) // _COARSE_SIDE)
    # Air around the image: a lesion cut by its edge is not a test.
    coarse = np.pad(breast[::step, ::step], 1)
    size = (spacing[0] * step, spacing[1] * step)
    depth = ndimage.distance_transform_edt(coarse, sampling=size)[1:-1, 1:-1]
    places = np.argwhere(depth >= min(diameter / 2, float(depth.max())))
    row, column = places[rng.integers(len(places))]
    return float((row + 0.5) * size[0]), float((column + 0.5) * size[1])
