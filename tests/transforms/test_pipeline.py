from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from monai.data import DataLoader, Dataset, MetaTensor, decollate_batch
from monai.transforms import Compose
from scipy.ndimage import binary_erosion, gaussian_filter

from mammolens.config import PreprocessingConfig
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.dicom.reader import read_mammogram
from mammolens.enums import Keys, Laterality
from mammolens.errors import PixelDataError, UnsupportedMammogramError
from mammolens.transforms.crop import breast_box
from mammolens.transforms.load import ATTRIBUTES, as_meta_tensor, header_of
from mammolens.transforms.pipeline import Pipeline
from mammolens.types import ImageAttributes

SQUARE = PreprocessingConfig(grid="square", size=128)
PHYSICAL = PreprocessingConfig(grid="pixel_size", size=160, pixel_size_mm=1.6)
CONFIGS = pytest.mark.parametrize("config", [SQUARE, PHYSICAL], ids=["square", "pixel_size"])
GRIDS = pytest.mark.parametrize("grid", ["isotropic", "flat pixels", "tall pixels"])


def spot_sigma(config: PreprocessingConfig, grid, spacing) -> tuple[float, float]:
    """Of a spot as small as the working grid can hold: 1.2 of its pixels, in pixels of the image."""
    if config.pixel_size_mm is not None:
        return 1.2 * config.pixel_size_mm / spacing[0], 1.2 * config.pixel_size_mm / spacing[1]
    return max(2.0, 1.2 * grid[0] / config.size), max(2.0, 1.2 * grid[1] / config.size)


@pytest.fixture(scope="module")
def files(exams, tmp_path_factory):
    """The four views as files, by grid."""
    folder = tmp_path_factory.mktemp("views")
    return {name: write_phantom_exam(exam, folder / name) for name, exam in exams.items()}


@CONFIGS
@GRIDS
def test_a_marked_spot_comes_back_within_a_pixel_after_every_step(exams, files, spots_in, distance, config, grid):
    pipeline, exam = Pipeline(config), exams[grid]
    steps = pipeline.spatial.transforms
    assert len(steps) == 3
    for view, file in zip(exam.views, files[grid], strict=True):
        prepared = pipeline.load(file, ImageAttributes())
        mask = pipeline.chain.transforms[0](
            {Keys.IMAGE: pipeline.transforms.transforms[0]({Keys.IMAGE: file})[Keys.IMAGE]}
        )
        for spot in spots_in(view, spot_sigma(config, view.pixels.shape, exam.spacing)):
            marked = MetaTensor(torch.from_numpy(spot)[None], meta=dict(mask[Keys.IMAGE].meta))
            stages = [{Keys.IMAGE: marked, Keys.BREAST_MASK: mask[Keys.BREAST_MASK]}]
            for step in steps:
                stages.append(step(stages[-1]))
            for stage, step in enumerate(steps):
                before, back = stages[stage][Keys.IMAGE], step.inverse(stages[stage + 1])[Keys.IMAGE]
                assert (back.shape, back.dtype) == (before.shape, torch.float32)
                assert len(back.applied_operations) == stage
                assert distance(back.numpy()[0], before.numpy()[0]) < 1, type(step).__name__
            restored = pipeline.restore_map(stages[-1][Keys.IMAGE].as_tensor(), prepared)
            assert (restored.shape, restored.dtype) == (spot.shape, np.float32)
            assert distance(restored, spot) < 1


@CONFIGS
@GRIDS
def test_an_image_becomes_the_network_s_input(exams, files, config, grid):
    pipeline = Pipeline(config)
    for view, file in zip(exams[grid].views, files[grid], strict=True):
        prepared = pipeline.load(file, ImageAttributes())
        for tensor in (prepared.image, prepared.mask):
            assert (tuple(tensor.shape), tensor.dtype) == ((1, config.size, config.size), torch.float32)
            assert (tensor.min(), tensor.max()) == (0, 1)
        assert not prepared.image[prepared.mask <= 0.5].any()
        assert prepared.breast_share == pytest.approx(view.breast_mask.mean(), abs=0.02)
        assert prepared.breast_height == pytest.approx(view.breast_mask.any(axis=1).mean(), abs=0.02)
        assert header_of(prepared.image) == read_mammogram(file).header
        profile = prepared.mask.numpy()[0].sum(axis=0)
        assert profile[: config.size // 4].sum() > profile[-config.size // 4 :].sum(), "chest wall on the left"


@CONFIGS
def test_left_and_right_look_the_same_to_the_network(exams, mammogram_of, config):
    pipeline, pixels = Pipeline(config), exams["isotropic"].views[0].pixels
    as_it_is, mirrored = (pipeline.prepare(mammogram_of(image)) for image in (pixels, pixels[:, ::-1]))
    torch.testing.assert_close(as_it_is.image.as_tensor(), mirrored.image.as_tensor(), rtol=0, atol=1e-5)


def test_both_photometric_interpretations_give_the_same_input(exams, tmp_path):
    pipeline, exam = Pipeline(SQUARE), exams["isotropic"]
    one, other = (
        write_phantom_exam(exam, tmp_path / name, photometric=name) for name in ("MONOCHROME1", "MONOCHROME2")
    )
    for first, second in zip(one, other, strict=True):
        images = [pipeline.load(file, ImageAttributes()).image.as_tensor() for file in (first, second)]
        torch.testing.assert_close(images[0], images[1], rtol=0, atol=1e-5)


@CONFIGS
@GRIDS
def test_a_map_is_zero_outside_the_breast_s_box_and_covers_the_box(exams, mammogram_of, config, grid):
    pipeline, exam = Pipeline(config), exams[grid]
    for view in exam.views:
        mammogram = mammogram_of(view.pixels, exam.spacing)
        prepared = pipeline.prepare(mammogram)
        restored = pipeline.restore_map(torch.ones(1, config.size, config.size), prepared)
        mask = pipeline.chain.transforms[0]({Keys.IMAGE: as_meta_tensor(mammogram)})[Keys.BREAST_MASK]
        top, bottom, left, right = breast_box(mask, config.margin)
        inside = np.zeros(view.pixels.shape, dtype=bool)
        inside[top:bottom, left:right] = True
        assert not restored[~inside].any()
        np.testing.assert_allclose(restored[inside], 1, atol=1e-6)
        assert restored.flags.c_contiguous


@CONFIGS
@GRIDS
def test_a_restored_image_is_the_original_seen_through_the_working_grid(exams, mammogram_of, config, grid):
    pipeline, exam = Pipeline(config.model_copy(update={"percentiles": (0.0, 100.0)})), exams[grid]
    for view in exam.views:
        prepared = pipeline.prepare(mammogram_of(view.pixels, exam.spacing))
        restored = pipeline.restore_image(prepared.image.as_tensor(), prepared)
        assert (restored.shape, restored.dtype) == (view.pixels.shape, np.float32)
        assert 0 <= restored.min() <= restored.max() <= 1
        inside = binary_erosion(view.breast_mask, iterations=6)
        sigma = spot_sigma(config, view.pixels.shape, exam.spacing)
        blurred = gaussian_filter(view.pixels, [0.4 * value for value in sigma])
        assert np.abs(restored - blurred)[inside].mean() < 0.02
        assert np.corrcoef(restored[inside], blurred[inside])[0, 1] > 0.98


def test_a_finer_grid_restores_more(exams, mammogram_of):
    view, errors = exams["isotropic"].views[3], []
    for size in (64, 128, 256):
        pipeline = Pipeline(PreprocessingConfig(size=size))
        prepared = pipeline.prepare(mammogram_of(view.pixels))
        restored = pipeline.restore_image(prepared.image.as_tensor(), prepared)
        errors.append(np.abs(restored - view.pixels)[view.breast_mask].mean())
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.02


@CONFIGS
def test_monai_s_compose_undoes_the_whole_chain(exams, mammogram_of, config):
    pipeline, view = Pipeline(config), exams["isotropic"].views[0]
    image = as_meta_tensor(mammogram_of(view.pixels))
    data = pipeline.chain({Keys.IMAGE: image})
    assert isinstance(pipeline.chain, Compose)
    assert [len(data[key].applied_operations) for key in (Keys.IMAGE, Keys.BREAST_MASK)] == [4, 3]
    back = pipeline.chain.inverse(data)
    assert back[Keys.IMAGE].shape == back[Keys.BREAST_MASK].shape == image.shape
    assert back[Keys.IMAGE].applied_operations == back[Keys.BREAST_MASK].applied_operations == []
    assert np.mean((back[Keys.BREAST_MASK].numpy()[0] > 0.5) == view.breast_mask) > 0.97


@pytest.mark.parametrize("workers", [0, 2])
def test_monai_s_data_loader_makes_batches_that_come_apart_again(exams, files, workers):
    pipeline, paths = Pipeline(SQUARE), files["isotropic"]
    items = [{Keys.IMAGE: path, ATTRIBUTES: ImageAttributes(patient_id=path.stem)} for path in paths]
    (batch,) = DataLoader(Dataset(items, pipeline.transforms), batch_size=4, num_workers=workers)
    assert tuple(batch[Keys.IMAGE].shape) == (4, 1, 128, 128)
    for path, view, one in zip(paths, exams["isotropic"].views, decollate_batch(batch), strict=True):
        assert header_of(one[Keys.IMAGE]).patient_id == path.stem
        assert header_of(one[Keys.IMAGE]) == read_mammogram(path, one[ATTRIBUTES]).header
        assert tuple(pipeline.spatial.inverse(one)[Keys.IMAGE].shape) == (1, *view.pixels.shape)


@CONFIGS
def test_what_was_prepared_can_be_restored_again_and_again(exams, mammogram_of, config):
    pipeline = Pipeline(config)
    prepared = pipeline.prepare(mammogram_of(exams["isotropic"].views[1].pixels))
    traces = [list(tensor.applied_operations) for tensor in (prepared.image, prepared.mask)]
    values = torch.rand(1, config.size, config.size)
    first, second = (pipeline.restore_map(values, prepared) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    in_box, (top, bottom, left, right) = pipeline.restore_in_box(values, prepared)
    np.testing.assert_array_equal(in_box, first[top:bottom, left:right])
    first[top:bottom, left:right] = 0
    assert not first.any(), "the map is 0 around the box"
    pipeline.restore_image(values, prepared)
    assert [tensor.applied_operations for tensor in (prepared.image, prepared.mask)] == traces


def test_a_map_on_another_device_type_and_with_gradient_is_restored(exams, mammogram_of):
    pipeline = Pipeline(SQUARE)
    prepared = pipeline.prepare(mammogram_of(exams["isotropic"].views[1].pixels))
    values = torch.rand(1, 128, 128)
    expected = pipeline.restore_map(values, prepared)
    np.testing.assert_array_equal(pipeline.restore_map(values.double().requires_grad_(), prepared), expected)


def test_several_threads_at_once_give_the_same(exams, files):
    pipeline = Pipeline(SQUARE)
    paths = [path for grid in files.values() for path in grid]

    def there_and_back(path) -> tuple[np.ndarray, np.ndarray]:
        prepared = pipeline.load(path, ImageAttributes())
        return prepared.image.numpy(), pipeline.restore_image(prepared.image.as_tensor(), prepared)

    alone = [there_and_back(path) for path in paths]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(there_and_back, paths))
    for one, other in zip(alone, together, strict=True):
        for first, second in zip(one, other, strict=True):
            np.testing.assert_array_equal(first, second)


def test_a_table_reaches_the_reader(files):
    prepared = Pipeline(SQUARE).load(files["isotropic"][0], ImageAttributes(laterality=Laterality.LEFT))
    assert header_of(prepared.image).laterality is Laterality.LEFT


def test_errors_are_the_reader_s_and_the_transforms_own(tmp_path, exams, mammogram_of):
    (tmp_path / "empty.dcm").touch()
    with pytest.raises(PixelDataError, match=r"empty\.dcm: the file is empty"):
        Pipeline(SQUARE).load(tmp_path / "empty.dcm", ImageAttributes())
    pixels = exams["isotropic"].views[0].pixels
    with pytest.raises(UnsupportedMammogramError, match="use a model with a larger preprocessing.size"):
        Pipeline(PHYSICAL).prepare(mammogram_of(pixels, (4.0, 4.0)))
    with pytest.raises(UnsupportedMammogramError, match="no breast is visible"):
        Pipeline(SQUARE).prepare(mammogram_of(np.eye(128)))


def test_without_spacing_the_assumed_height_and_the_aspect_ratio_give_the_same_input(exams, mammogram_of):
    """On the pipeline's own way, where the breast is cut out before it is resized."""
    exam = exams["flat pixels"]
    pixels, (between_rows, between_columns) = exam.views[0].pixels, exam.spacing
    config = PHYSICAL.model_copy(update={"assumed_height_mm": pixels.shape[0] * between_rows})
    known = Pipeline(config).prepare(mammogram_of(pixels, exam.spacing))
    assumed = Pipeline(config).prepare(mammogram_of(pixels, None, between_rows / between_columns))
    torch.testing.assert_close(assumed.image.as_tensor(), known.image.as_tensor())
    taller = config.model_copy(update={"assumed_height_mm": 1.2 * config.assumed_height_mm})
    enlarged = Pipeline(taller).prepare(mammogram_of(pixels, None, between_rows / between_columns))
    assert float(enlarged.mask.sum()) == pytest.approx(1.44 * float(known.mask.sum()), rel=0.02)


@CONFIGS
@GRIDS
def test_points_of_the_network_s_grid_come_back_to_where_they_were_marked(exams, mammogram_of, spots_in, config, grid):
    pipeline, exam = Pipeline(config), exams[grid]
    for view in exam.views:
        mammogram = mammogram_of(view.pixels, exam.spacing)
        for spot in spots_in(view, spot_sigma(config, view.pixels.shape, exam.spacing)):
            marked = pipeline.prepare(mammogram, spot > 0.5)
            assert marked.lesions is not None
            places = np.stack(np.nonzero(np.asarray(marked.lesions[0]) > 0), axis=1)
            weights = np.asarray(marked.lesions[0])[tuple(places.T)]
            centre = np.average(places, axis=0, weights=weights)[None]
            true = np.argwhere(spot > 0.5).mean(axis=0)
            assert pipeline.restore_points(centre, marked)[0] == pytest.approx(true, abs=0.5)


@CONFIGS
@GRIDS
def test_the_size_of_a_pixel_of_the_network_s_grid_is_known(exams, mammogram_of, config, grid):
    pipeline, exam = Pipeline(config), exams[grid]
    view = exam.views[0]
    prepared = pipeline.prepare(mammogram_of(view.pixels, exam.spacing))
    inside = np.asarray(prepared.mask[0]).sum() * np.prod(pipeline.pixel_size_mm(prepared))
    restored = pipeline.restore_map(prepared.mask.as_tensor(), prepared).sum() * np.prod(exam.spacing)
    assert inside == pytest.approx(restored, rel=0.01)
    if config.pixel_size_mm is not None:
        assert pipeline.pixel_size_mm(prepared) == pytest.approx([config.pixel_size_mm] * 2, rel=0.01)
