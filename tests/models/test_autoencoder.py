from __future__ import annotations

import pytest
import torch

from mammolens.models.autoencoder import ConvolutionalAutoencoder


def test_it_has_the_112449_parameters_and_statistics_of_the_original():
    network = ConvolutionalAutoencoder()
    learned = sum(tensor.numel() for tensor in network.parameters())
    # Keras counted running means and variances in; torch also counts batches, which is not a value of the network's.
    statistics = sum(tensor.numel() for name, tensor in network.named_buffers() if not name.endswith("tracked"))
    assert learned + statistics == 112_449


@pytest.mark.parametrize("size", [32, 64, 100])
def test_an_image_comes_back_in_its_size_and_range(size):
    network = ConvolutionalAutoencoder(width=2).eval()
    with torch.inference_mode():
        reconstruction, log_odds = network(torch.rand(3, 1, size, size), torch.ones(3, 1, size, size))
    assert log_odds is None
    assert reconstruction.shape == (3, 1, size, size)
    assert 0 <= float(reconstruction.min()) <= float(reconstruction.max()) <= 1


@pytest.mark.parametrize("width", [0, -1, 1.5, "32", True])
def test_a_width_that_makes_no_network_is_refused(width):
    with pytest.raises(ValueError, match="width must be a whole number from 1 on"):
        ConvolutionalAutoencoder(width=width)
