from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import nn

from mammolens.config import LesionConfig, LesionKind, NetworkConfig, PreprocessingConfig, TrainingConfig
from mammolens.datasets.phantom import PhantomExam, PhantomView, make_phantom_exam
from mammolens.datasets.phantom_lesions import PhantomLesion
from mammolens.enums import SpacingSource
from mammolens.models.networks import build_network
from mammolens.models.output import NetworkOutput
from mammolens.training.checkpoint import FILE
from mammolens.training.learning import learn
from mammolens.training.progress import ignore_progress
from mammolens.training.restoration import RestorationTask, _Batch, draw_window, restoration_loss
from mammolens.training.sample import Sample
from mammolens.transforms.pipeline import Pipeline, Prepared
from mammolens.types import ImageHeader, Mammogram, PixelSpacing

CONFIG = TrainingConfig(batch_size=4, lesions=LesionConfig())


def a_breast(seed: int, rows: int = 150, columns: int = 100) -> Sample:
    """Trimmed: an ellipse of noise that touches all four sides."""
    down, right = np.indices((rows, columns))
    breast = ((down - rows / 2 + 0.5) / (rows / 2)) ** 2 + (right / columns) ** 2 < 1
    noise = np.random.default_rng(seed).uniform(0.2, 0.8, breast.shape)
    return Sample.normal(np.where(breast, noise, 0).astype(np.float32), breast)


class Watching(nn.Module):
    """Restores nothing, says log odds of ``level`` everywhere, and keeps what it was given."""

    def __init__(self, level: float | None = -2.0) -> None:
        super().__init__()
        self.level, self.given = level, []

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        self.given.append((image.clone(), mask.clone()))
        return NetworkOutput(image, None if self.level is None else torch.full_like(image, self.level))


def a_task(config: TrainingConfig = CONFIG, images: int = 6) -> RestorationTask:
    return RestorationTask([a_breast(s) for s in range(images)], [a_breast(s) for s in range(20, 25)], config, 0.75)


def batches_of(config: TrainingConfig, *keys: tuple[int, int]) -> list[torch.Tensor]:
    task = a_task(config)
    return [task.batch(epoch, step, [0, 1, 2, 3]).corrupted for epoch, step in keys]


def test_the_same_seed_epoch_and_step_give_the_same_batch():
    one, again, other_step, other_epoch = batches_of(CONFIG, (1, 1), (1, 1), (1, 2), (2, 1))
    assert torch.equal(one, again)
    assert not torch.equal(one, other_step)
    assert not torch.equal(one, other_epoch)
    assert torch.equal(one, batches_of(CONFIG, (1, 1))[0])
    assert not torch.equal(one, batches_of(CONFIG.model_copy(update={"seed": 1}), (1, 1))[0])


def test_the_validation_lesions_are_the_same_each_time():
    network, task = Watching(), a_task()
    errors = [task.validation_error(network) for _ in range(2)]
    assert errors[0] == errors[1]
    assert len(network.given) == 4
    assert torch.equal(network.given[0][0], network.given[2][0])
    assert [len(image) for image, _ in network.given[:2]] == [4, 1]


@pytest.mark.parametrize(("share", "expected"), [(1.0, 1.0), (0.3, 0.3)])
def test_so_many_of_the_images_get_lesions(share, expected):
    lesions = LesionConfig(share=share, kinds={LesionKind.MASS: 1})
    task, network = a_task(TrainingConfig(batch_size=4, lesions=lesions)), Watching()
    with_lesions = []
    for step in range(30):
        batch = task._batch(task.images[:4], task.images, task.random(1, step))
        with_lesions += (batch.lesions.flatten(1).sum(dim=1) > 0).tolist()
        changed = (batch.corrupted != batch.normal).flatten(1).any(dim=1).tolist()
        assert changed == with_lesions[-4:]
        assert not ((batch.corrupted != batch.normal) & (batch.breast == 0)).any()
    assert not network.given
    assert np.mean(with_lesions) == pytest.approx(expected, abs=0.12)


def test_windows_have_one_size_and_hold_some_of_the_breast():
    for image in (a_breast(0), a_breast(1, rows=400, columns=300), a_breast(2, rows=230, columns=30)):
        shares = []
        for seed in range(40):
            window = draw_window(image, 0.75, np.random.default_rng(seed))
            assert window.image.shape == window.breast.shape == (224, 160)
            assert window.image.dtype == np.float32
            assert not window.image[~window.breast].any()
            shares.append(window.breast.sum() / image.breast.sum())
        assert min(shares) > 0.1
        if max(image.breast.shape) <= 160:
            assert shares == [pytest.approx(1)] * 40, "all of a small breast"


@pytest.mark.parametrize(("pixel_size_mm", "size"), [(1.5, (128, 96)), (0.75, (224, 160)), (0.375, (448, 320))])
def test_windows_are_of_the_same_millimetres_on_any_grid(pixel_size_mm, size):
    assert draw_window(a_breast(0), pixel_size_mm, np.random.default_rng(0)).image.shape == size


def test_windows_are_mirrored_both_ways_in_half_of_all_cases():
    image = a_breast(0)
    windows = [draw_window(image, 0.75, np.random.default_rng(seed)) for seed in range(100)]
    at_the_right = [window.breast[:, 80:].sum() > window.breast[:, :80].sum() for window in windows]
    assert 0.35 < np.mean(at_the_right) < 0.65
    gammas = {round(float(window.image.max()), 6) for window in windows}
    assert len(gammas) > 90


def a_batch(lesion_rows: int = 4) -> _Batch:
    """Two images of 8 x 8, the left half breast, lesions in the upper rows of the first."""
    breast = torch.zeros(2, 1, 8, 8)
    breast[..., :4] = 1
    lesions = torch.zeros_like(breast)
    lesions[0, 0, :lesion_rows, :4] = 1
    normal = 0.5 * breast
    return _Batch(normal + 0.2 * lesions, normal, breast, lesions, breast)


def test_the_loss_is_lowest_for_who_restores_and_finds_everything():
    batch = a_batch()
    right = torch.where(batch.lesions > 0, 20.0, -20.0)
    perfect = float(restoration_loss(NetworkOutput(batch.normal, right), batch))
    assert perfect == pytest.approx(0, abs=1e-4)
    assert float(restoration_loss(NetworkOutput(batch.corrupted, right), batch)) > perfect + 0.05
    assert float(restoration_loss(NetworkOutput(batch.normal, -right), batch)) > perfect + 5


def test_the_loss_adds_up_as_described():
    batch = a_batch()
    loss = float(restoration_loss(NetworkOutput(batch.corrupted, torch.zeros_like(batch.normal)), batch))
    residual, entropy = 2.5 * 0.4 * 0.2, np.log(2)  # all lesions are left, nothing else is changed
    overlap = (2 * 0.5 * 16 + 1) / (0.5 * 64 + 16 + 1)
    assert loss == pytest.approx(residual + entropy + 0.3 * (1 - overlap), rel=1e-5)
    assert float(restoration_loss(NetworkOutput(batch.corrupted, None), batch)) == pytest.approx(residual, rel=1e-5)


@pytest.mark.parametrize("lesion_rows", [1, 4, 8])
def test_a_lesion_left_costs_the_same_however_small_it_is(lesion_rows):
    batch = a_batch(lesion_rows)
    left = float(restoration_loss(NetworkOutput(batch.corrupted, None), batch))
    assert left == pytest.approx(2.5 * 0.4 * 0.2, rel=1e-5)


def test_what_is_outside_the_breast_counts_for_nothing():
    batch = a_batch()
    outside = (1 - batch.breast) * 7
    log_odds = torch.zeros_like(batch.normal)
    one = restoration_loss(NetworkOutput(batch.normal, log_odds), batch)
    other = restoration_loss(NetworkOutput(batch.normal + outside, log_odds + outside), batch)
    torch.testing.assert_close(one, other)


def test_a_batch_without_breast_or_lesion_has_a_finite_loss():
    batch = a_batch(lesion_rows=0)
    empty = _Batch(*(torch.zeros_like(tensor) for tensor in batch))
    for given in (batch, empty):
        loss = restoration_loss(NetworkOutput(given.corrupted, torch.full_like(given.normal, -9.0)), given)
        assert 0 <= float(loss) < 0.01


PIPELINE = Pipeline(
    PreprocessingConfig(grid="pixel_size", pixel_size_mm=1.5, size=192, margin=0, percentiles=(1, 99.9))
)
LEARNING = TrainingConfig(
    epochs=16,
    patience=16,
    batch_size=8,
    learning_rate=0.01,
    schedule="one_cycle",
    lesions=LesionConfig(radius_mm=(4, 10), contrast=(1.0, 3.0)),
)


def an_exam(seed: int, *lesions: PhantomLesion) -> PhantomExam:
    return make_phantom_exam(seed, lesions=lesions, rows=160, columns=130, spacing=(1.5, 1.5))


def prepared_view(view: PhantomView) -> Prepared:
    spacing = PixelSpacing(1.5, 1.5, SpacingSource.PIXEL_SPACING)
    header = ImageHeader(Path("phantom"), "1.2", "patient", "exam", view.laterality, view=view.view, spacing=spacing)
    return PIPELINE.prepare(Mammogram(header, view.pixels.copy()))


def separation(network: nn.Module, view: PhantomView) -> float:
    """How often a pixel of the lesion has more evidence than one of the breast around."""
    prepared = prepared_view(view)
    image = prepared.image.as_tensor()[None]
    with torch.inference_mode():
        output = network.eval()(image, prepared.mask.as_tensor()[None])
    evidence = PIPELINE.restore_map((output.log_odds + 20 * (image - output.reconstruction).abs())[0], prepared)
    return float(roc_auc_score(view.lesion_mask[view.breast_mask], evidence[view.breast_mask]))


@pytest.mark.training
def test_a_small_unet_learns_to_find_lesions_of_a_kind_that_it_never_saw(tmp_path):
    """Phantoms' lesions are drawn by other code than the ones it learns from."""
    images = [Sample.of(prepared_view(view)).trimmed() for seed in range(12) for view in an_exam(seed).views]
    torch.manual_seed(0)
    network = build_network(NetworkConfig(name="small_unet", options={"width": 6}))
    task = RestorationTask(images[8:], images[:8], LEARNING, 1.5)
    mass = PhantomLesion(diameter=16.0, contrast=0.25)
    unseen = [view for seed in range(50, 54) for view in an_exam(seed, mass).views if view.lesions]
    before = np.mean([separation(network, view) for view in unseen])
    state = learn(network, task, LEARNING, checkpoint=tmp_path / FILE, fingerprint="a", observe=ignore_progress)
    after = [separation(network, view) for view in unseen]
    assert state.validation_errors[-1] < 0.8 * state.validation_errors[0]
    assert np.mean(after) > 0.85 > before
    assert min(after) > 0.6


def with_a_lesion(seed: int) -> Sample:
    """The same breast with a lesion of 9 x 9 pixels near its middle."""
    plain = a_breast(seed)
    lesions = np.zeros_like(plain.breast)
    lesions[70:79, 30:39] = True
    return Sample(plain.image, plain.breast, lesions)


def an_exposed_task(share: float, batch_size: int = 4) -> RestorationTask:
    config = TrainingConfig(batch_size=batch_size, lesions=LesionConfig(), exposure_share=share)
    images, known = [a_breast(s) for s in range(6)], [with_a_lesion(s) for s in range(30, 33)]
    return RestorationTask(images, images[:2], config, 0.75, known)


@pytest.mark.parametrize(("share", "normals"), [(0.0, 8), (0.25, 6), (0.5, 4), (0.99, 1)])
def test_a_share_of_each_batch_are_known_lesions_and_every_normal_image_has_its_turn(share, normals):
    task, network = an_exposed_task(share, 8), Watching()
    batches = list(task.batches(1))
    assert task.images_per_batch == normals
    assert len(batches) == task.steps == -(-6 // normals)
    assert sorted(place for batch in batches for place in batch) == list(range(6))
    task.loss(network, task.batch(1, 0, batches[0]))
    assert len(network.given[0][0]) == len(batches[0]) + 8 - normals


def test_known_lesions_are_shown_as_they_are_and_nothing_is_restored_beneath_them():
    task = an_exposed_task(0.5)
    known = [with_a_lesion(30), with_a_lesion(31)]
    batch = task._batch([a_breast(0)], [a_breast(1)], np.random.default_rng(0), known)
    assert torch.equal(batch.restorable, batch.breast * (1 - batch.lesions) + batch.lesions * an_image_of(batch, 0))
    assert torch.equal(batch.corrupted[1:], batch.normal[1:])
    assert batch.lesions[1:].flatten(1).sum(dim=1).tolist() == [81, 81]
    beneath, beside = batch.lesions * (1 - an_image_of(batch, 0)), batch.restorable * (1 - an_image_of(batch, 0))
    silent = torch.zeros_like(batch.normal)
    right, free, wrong = (
        float(restoration_loss(NetworkOutput(batch.normal + 0.3 * where, silent), batch))
        for where in (torch.zeros_like(beneath), beneath, beside)
    )
    assert right == free < wrong


def an_image_of(batch: _Batch, place: int) -> torch.Tensor:
    """1 in that image, 0 in the others."""
    return (torch.arange(len(batch.normal)) == place).float().view(-1, 1, 1, 1)


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_normal_and_known_abnormal_images_exchange_their_greys(share):
    """The normal ones here are dark, the known ones bright."""
    config = TrainingConfig(
        batch_size=4, lesions=LesionConfig(share=0.01), exposure_share=0.5, exposure_grey_exchange=share
    )
    dark, bright = ([greys_between(image, *limits) for image in images] for images, limits in DARK_AND_BRIGHT)
    task, network = RestorationTask(dark, dark, config, 0.75, bright), Watching()
    for step in range(40):
        task.loss(network, task.batch(1, step, [0, 1]))
    batches = network.given
    means = [
        float(image[mask > 0].mean()) for images, masks in batches for image, mask in zip(images, masks, strict=True)
    ]
    exchanged = [mean > 0.5 if at % 4 < 2 else mean < 0.5 for at, mean in enumerate(means)]
    assert np.mean(exchanged) == pytest.approx(share, abs=0.12)


DARK_AND_BRIGHT = (
    ([a_breast(seed) for seed in range(3)], (0.1, 0.3)),
    ([with_a_lesion(seed) for seed in range(3)], (0.6, 0.9)),
)


def greys_between(image: Sample, low: float, high: float) -> Sample:
    scaled = np.where(image.breast, low + (high - low) * image.image, 0).astype(np.float32)
    return Sample(scaled, image.breast, image.lesions)


def test_an_exchange_of_greys_keeps_their_order_and_what_is_lesion():
    image, other = with_a_lesion(0), greys_between(a_breast(1), 0.5, 0.6)
    matched = image.with_greys_of(other)
    inside = image.breast
    assert matched.image.dtype == np.float32
    assert not matched.image[~inside].any()
    assert (np.diff(matched.image[inside][np.argsort(image.image[inside])]) >= 0).all()
    for share in (0.0, 0.1, 0.5, 0.9, 1.0):
        wanted = np.quantile(other.image[other.breast], share)
        assert np.quantile(matched.image[inside], share) == pytest.approx(wanted, abs=0.002)
    assert matched.lesions is image.lesions


def test_greys_are_matched_to_an_image_of_one_grey():
    flat = Sample.normal(np.full((20, 20), 0.4, np.float32), np.ones((20, 20), np.bool_))
    assert np.allclose(a_breast(0).with_greys_of(flat).image[a_breast(0).breast], 0.4)
    assert np.isfinite(flat.with_greys_of(a_breast(0)).image).all()


def test_a_window_shows_the_lesion_where_the_image_has_it():
    """Mirrored and moved together: the lesion's pixels keep their greys."""
    image = with_a_lesion(0)
    image.image[image.lesions] = 1.0
    for seed in range(20):
        window = draw_window(image, 0.75, np.random.default_rng(seed))
        np.testing.assert_array_equal(window.lesions, window.image == 1.0)
