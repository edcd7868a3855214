from __future__ import annotations

import numpy as np
import pytest

from mammolens.datasets.phantom_texture import power_law_field


@pytest.mark.parametrize("beta", [2.0, 3.0, 4.0])
def test_the_power_of_a_field_falls_with_the_frequency_to_the_beta(beta):
    field = power_law_field((512, 512), (0.5, 0.5), np.random.default_rng(0), beta=beta, largest=1000.0)
    power = np.abs(np.fft.fft2(field)) ** 2
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(512, 0.5), np.fft.fftfreq(512, 0.5)))
    band = (frequency > 0.05) & (frequency < 0.8)
    slope = np.polyfit(np.log(frequency[band]), np.log(power[band]), 1)[0]
    assert slope == pytest.approx(-beta, abs=0.1)


def test_a_field_has_mean_0_and_standard_deviation_1():
    field = power_law_field((64, 96), (1.0, 1.0), np.random.default_rng(1))
    assert (field.shape, field.dtype) == ((64, 96), np.float32)
    assert field.mean() == pytest.approx(0, abs=1e-5)
    assert field.std() == pytest.approx(1, abs=1e-5)


def test_a_stretched_field_varies_less_along_its_columns():
    field = power_law_field((256, 256), (1.0, 1.0), np.random.default_rng(2), stretch=4.0)
    assert np.abs(np.diff(field, axis=1)).mean() < 0.5 * np.abs(np.diff(field, axis=0)).mean()
