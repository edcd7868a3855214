"""Parenchyma of a phantom: Gaussian random fields with a power-law spectrum, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy import fft

from mammolens.datasets.phantom_anatomy import Anatomy
from mammolens.types import FloatImage

# Grey levels of a processed ('for presentation') digital mammogram, 0 = air.
FAT, GLAND, MUSCLE, SKIN = 0.30, 0.34, 0.36, 0.22  # the latter three on top of fat
_RIM = 22.0  # mm over which the compressed breast thins out towards the skin
_SKIN_THICKNESS = 1.6  # mm
_LARGEST = 60.0  # mm, wavelength above which the spectrum of parenchyma is flat
_LIGAMENT_SPACING, _LIGAMENT_WIDTH = 18.0, 0.5  # mm


def power_law_field(
    grid: tuple[int, int],
    spacing: tuple[float, float],
    rng: np.random.Generator,
    beta: float = 3.0,
    stretch: float = 1.0,
    largest: float = _LARGEST,
) -> FloatImage:
    """A random field whose power falls as 1/f^beta, with random phase.

    Mammographic texture has beta of about 3 (Burgess, Med Phys 26:628 (1999); Bakic et al., Med Phys 29:2140
    (2002)).

    Args:
        grid: rows, columns.
        spacing: between rows, between columns, in mm; so the texture is the same in mm on every grid.
        beta: exponent of the power spectrum.
        stretch: how much longer structures are along the columns' direction.
        largest: wavelength in mm above which the spectrum is flat.

    Returns:
        ``(rows, cols)`` float32, mean 0 and standard deviation 1.
    """
    spectrum = fft.rfft2(rng.standard_normal(grid, dtype=np.float32))
    spectrum *= _amplitudes(grid, spacing, beta, stretch, largest)
    spectrum[0, 0] = 0
    # The bits of irfft2, which takes twice as long: along rows, then along columns, then its factor.
    columns = fft.ifft(spectrum, axis=0, norm="forward", overwrite_x=True)
    field = fft.irfft(columns, n=grid[1], axis=1, norm="forward")
    field *= np.float32(1 / (grid[0] * grid[1]))
    field /= field.std()
    return np.asarray(field, dtype=np.float32)


@lru_cache(maxsize=5)  # as many as an examination's views share; 27 MB each at 4096 x 3328
def _amplitudes(
    grid: tuple[int, int], spacing: tuple[float, float], beta: float, stretch: float, largest: float
) -> FloatImage:
    """Factor of each frequency of white noise: ``(rows, cols // 2 + 1)`` float32, not to be written to."""
    along_rows = fft.fftfreq(grid[0], spacing[0])[:, None]
    along_columns = fft.rfftfreq(grid[1], spacing[1])[None, :] * stretch
    power = along_rows**2 + along_columns**2 + largest**-2
    amplitudes = np.asarray(power.astype(np.float32) ** (-beta / 4))
    amplitudes.flags.writeable = False
    return amplitudes


def render_tissue(
    anatomy: Anatomy, spacing: tuple[float, float], density: float, rng: np.random.Generator
) -> FloatImage:
    """Fat, gland, ligaments, muscle and skin of a breast, without noise.

    Args:
        anatomy: where things are.
        spacing: between rows, between columns, in mm.
        density: 0 (almost entirely fat) to 1 (extremely dense).
        rng: draws the texture.

    Returns:
        ``(rows, cols)`` float32 in [0, 1], 0 in air.
    """
    grid = (anatomy.breast.shape[0], anatomy.breast.shape[1])

    def field(beta: float, **shape: float) -> FloatImage:
        return power_law_field(grid, spacing, rng, beta, **shape)[anatomy.box]

    coarse, fine = field(3.2, stretch=1.6), field(2.6, stretch=1.6)
    gland = _sigmoid((anatomy.gland * 2.2 + 0.55 * coarse + 2.2 * density - 2.3) / 0.35)
    tissue = FAT + 0.025 * fine + GLAND * gland * (1 + 0.12 * fine) + _ligaments(anatomy, spacing, gland, field)
    muscle = anatomy.muscle * (MUSCLE + 0.02 * fine)
    inside = np.maximum(tissue * (1 - 0.8 * anatomy.muscle) + muscle, 0.02)
    depth = np.clip(anatomy.skin_distance / _RIM, 0, 1)
    thickness = 0.3 + 0.7 * np.sqrt(1 - (1 - depth) ** 2)
    skin = SKIN * np.exp(-np.abs(anatomy.skin_distance - _SKIN_THICKNESS / 2) / (_SKIN_THICKNESS / 2))
    rendered = np.zeros(grid, dtype=np.float32)
    rendered[anatomy.box] = np.clip(inside * thickness + skin, 0, 1) * anatomy.breast[anatomy.box]
    return rendered


def _ligaments(
    anatomy: Anatomy, spacing: tuple[float, float], gland: FloatImage, field: Callable[..., FloatImage]
) -> FloatImage:
    """Thin bright curves: the zero crossings of smooth fields, stronger near gland."""
    lines = np.zeros_like(gland)
    for stretch, strength in ((2.5, 0.13), (1.3, 0.10)):
        heights = field(5.0, stretch=stretch, largest=_LIGAMENT_SPACING)
        across, along = np.gradient(heights, *spacing)
        away = heights / np.maximum(np.hypot(across, along), 1e-3)  # mm to the zero crossing, to first order
        lines += strength * _sigmoid(2 * field(3.0)) * np.exp(-((away / _LIGAMENT_WIDTH) ** 2))
    return lines * (0.35 + 0.65 * np.clip(anatomy.gland + gland, 0, 1))


def _sigmoid(value: FloatImage) -> FloatImage:
    return np.asarray(1 / (1 + np.exp(-np.clip(value, -30, 30))), dtype=np.float32)
