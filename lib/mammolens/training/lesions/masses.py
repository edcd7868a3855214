"""Masses: oval to lobulated and irregular, blurred to sharp, with or without spicules."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from mammolens.training.lesions.patch import Floats, Profile, offsets

_TURN = 2 * np.pi
_ANGLES = np.linspace(-np.pi, np.pi, 256, endpoint=False)


def draw_mass(rng: np.random.Generator, radius: float, half: int, *, spiculated: bool) -> Profile:
    """One mass; margins and shapes vary over what BI-RADS has words for (circumscribed to spiculated).

    Args:
        radius: in pixels, of the mass without its spicules.
        half: of the patch; at least three radii leave room for spicules.
    """
    down, right = offsets(half)
    tilt, flat = rng.uniform(0, np.pi), rng.uniform(0.65, 1.0)
    along = right * np.cos(tilt) + down * np.sin(tilt)
    across = (down * np.cos(tilt) - right * np.sin(tilt)) / flat
    distance, angle = np.hypot(along, across), np.arctan2(across, along)
    border = radius * np.interp(angle, _ANGLES, _lobes(rng), period=_TURN)
    blur = rng.uniform(0.08, 0.45) * radius + 0.5
    core = 1 / (1 + np.exp((distance - border) / (blur / 2)))
    dome = np.clip(1 - (distance / (1.6 * border)) ** 2, 0, 1) ** rng.uniform(0.2, 1.0)
    body = core * (0.4 + 0.6 * dome)  # thicker in the middle, as what is round in space
    if spiculated:
        body = np.maximum(body, _spicules(rng, distance, angle, radius))
    grain = ndimage.gaussian_filter(rng.normal(size=body.shape), rng.uniform(0.8, 2.0))
    body = body * (1 + 0.15 * rng.uniform(0, 1.5) * grain / (grain.std() + 1e-6))
    return Profile(body.astype(np.float32), core > 0.4)


def _lobes(rng: np.random.Generator) -> Floats:
    """The border's distance at 256 angles, in radii: a few harmonics, the higher the weaker."""
    border = np.zeros_like(_ANGLES)
    for lobes in range(1, rng.integers(3, 8)):
        border += rng.normal() / lobes * np.cos(lobes * _ANGLES + rng.uniform(0, _TURN))
    return np.asarray(1 + 1.5 * rng.uniform(0.03, 0.22) * border / (np.abs(border).max() + 1e-6))


def _spicules(rng: np.random.Generator, distance: Floats, angle: Floats, radius: float) -> Floats:
    """Thin bent lines that leave the mass and fade."""
    lines = np.zeros_like(distance)
    for _ in range(rng.integers(6, 18)):
        direction, length, width = rng.uniform(0, _TURN), radius * rng.uniform(1.5, 2.8), rng.uniform(0.5, 1.1)
        bend = 0.15 * rng.normal() * distance / radius
        turned = np.angle(np.exp(1j * (angle - direction - bend)))
        line = np.exp(-0.5 * (turned * distance / width) ** 2) * np.clip(1 - distance / length, 0, 1)
        lines = np.maximum(lines, rng.uniform(0.4, 1.0) * line * (np.abs(turned) < 1.2))
    return np.asarray(rng.uniform(0.3, 0.7) * lines)
