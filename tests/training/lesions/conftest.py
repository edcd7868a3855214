"""A breast that is even but for noise, in the middle of air."""

from __future__ import annotations

import numpy as np
import pytest

from mammolens.training.sample import Sample


@pytest.fixture(scope="session")
def a_breast() -> Sample:
    """Half an ellipse at the left edge, greys about 0.4."""
    rows, columns = np.indices((160, 120))
    breast = ((rows - 80) / 70) ** 2 + (columns / 95) ** 2 < 1
    noise = np.random.default_rng(5).normal(0.4, 0.05, breast.shape)
    return Sample.normal(np.where(breast, noise, 0).astype(np.float32), breast)


@pytest.fixture(scope="session")
def a_donor(a_breast: Sample) -> Sample:
    """The same outline, brighter and with another texture."""
    noise = np.random.default_rng(6).normal(0.7, 0.1, a_breast.breast.shape)
    return Sample.normal(np.where(a_breast.breast, noise, 0).astype(np.float32), a_breast.breast)
