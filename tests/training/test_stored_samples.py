from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from mammolens.config import LesionConfig, NetworkConfig, PreprocessingConfig, TrainingConfig
from mammolens.datasets.base import Lesion
from mammolens.models.networks import build_network
from mammolens.training.checkpoint import FILE
from mammolens.training.learning import learn
from mammolens.training.preparation import prepare_to_folder
from mammolens.training.progress import ignore_progress
from mammolens.training.reconstruction import ReconstructionTask
from mammolens.training.restoration import RestorationTask
from mammolens.training.sample import Sample
from mammolens.training.stored_samples import SUFFIX, StoredSamples, is_stored, store
from mammolens.transforms.pipeline import Pipeline


def a_sample(seed: int) -> Sample:
    rng = np.random.default_rng(seed)
    breast = rng.random((7, 5 + seed)) < 0.7
    image = rng.random(breast.shape, np.float32)[:, ::-1]  # as a mirrored view lies in memory
    return Sample(image, breast, breast & (rng.random(breast.shape) < 0.2))


def equal(one: Sample, other: Sample) -> bool:
    pairs = [(one.image, other.image), (one.breast, other.breast), (one.lesions, other.lesions)]
    return all(first.dtype == second.dtype and np.array_equal(first, second) for first, second in pairs)


@pytest.fixture
def stored(tmp_path) -> StoredSamples:
    files = tuple(tmp_path / f"{seed}{SUFFIX}" for seed in range(4))
    for seed, file in enumerate(files):
        store(a_sample(seed), file)
    return StoredSamples(files)


def test_what_is_read_is_what_was_stored_to_the_bit(stored):
    assert len(stored) == 4
    assert all(equal(stored[seed], a_sample(seed)) for seed in (3, 0, 1, 2))
    assert equal(stored[-1], a_sample(3))
    assert [equal(one, a_sample(seed)) for one, seed in zip(stored[1:3], (1, 2), strict=True)] == [True, True]
    with pytest.raises(IndexError):
        stored[4]


def test_each_image_is_read_when_it_is_asked_for(stored):
    store(a_sample(7), stored.files[2])
    assert equal(stored[2], a_sample(7))
    image = stored[0]
    stored.files[0].unlink()
    assert equal(image, a_sample(0)), "read into memory, not mapped"


def test_only_whole_files_count_as_stored(stored, tmp_path):
    assert is_stored(stored.files[0])
    assert not is_stored(tmp_path / "nothing")
    whole = stored.files[0].read_bytes()
    for length in (0, 4, len(whole) // 2, len(whole) - 1):
        stored.files[0].write_bytes(whole[:length])
        assert not is_stored(stored.files[0])


def test_nothing_else_is_left_in_the_folder(stored, tmp_path):
    assert sorted(tmp_path.iterdir()) == sorted(stored.files)


def weights_learned_from(images, validation, exposure, config, folder) -> dict[str, torch.Tensor]:
    restores = config.lesions is not None
    wanted = NetworkConfig(name="small_unet", options={"width": 2}) if restores else NetworkConfig(options={"width": 4})
    torch.manual_seed(0)
    network = build_network(wanted)
    if restores:
        task = RestorationTask(images, validation, config, 2.0, exposure)
    else:
        task = ReconstructionTask(images, validation, config)
    learn(network, task, config, checkpoint=folder / FILE, fingerprint="", observe=ignore_progress)
    return network.state_dict()


@pytest.mark.parametrize(
    "changes", [{}, {"lesions": LesionConfig(), "exposure_share": 0.5}], ids=["reconstruction", "restoration"]
)
def test_learning_from_files_gives_the_weights_of_learning_from_memory(phantoms, tmp_path, changes):
    config = TrainingConfig(epochs=2, batch_size=4, **changes)
    pipeline = Pipeline(PreprocessingConfig(grid="pixel_size", pixel_size_mm=2.0, size=128))
    cases = [case for case in phantoms.cases if case.clean_normal][:8]
    lesion = Lesion(row=200, column=100, half_rows=60, half_columns=60)
    outlined = [replace(case, lesions=(lesion,)) for case in cases[:3]]
    trimmed = config.lesions is not None
    stored = [
        prepare_to_folder(part, pipeline, lambda: None, trimmed=trimmed, folder=tmp_path).images
        for part in (cases[:5], cases[5:], outlined)
    ]
    in_memory = [list(images) for images in stored]
    of_files = weights_learned_from(*stored, config, tmp_path)
    (tmp_path / FILE).unlink()
    of_memory = weights_learned_from(*in_memory, config, tmp_path)
    assert of_files.keys() == of_memory.keys()
    assert all(torch.equal(of_files[name], of_memory[name]) for name in of_files)
