"""Files to pixels and places, compared with SimpleITK and with Slicer's own storage nodes; in any thread."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import slicer
from MammoLensLib.answers import ExamDetail, ExamEntry, HangingSlot, View
from MammoLensLib.errors import SceneError
from MammoLensLib.fetch import FetchedExam, FetchedView
from MammoLensLib.jobs import Cancelled, CancelToken
from MammoLensLib.reader import Picture, read_exam, read_picture
from MammoLensLib.volumes import grid_of, pixels_of

from mammolens.datasets.cbis_ddsm import cbis_ddsm_files

from .conftest import Core, WritePhantom, load, spot, write_map

SOME = View("image", laterality="R", view="CC", name="R CC", slot=HangingSlot("R CC"))


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_pixels_and_place_are_those_of_slicers_own_storage_node(
    a_core: Core, write_phantom: WritePhantom, photometric: str
) -> None:
    file = write_phantom(photometric=photometric, spacing=(0.5, 0.4))
    storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
    storage.SetSingleFile(True)
    storage.SetFileName(str(file))
    expected = a_core.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "expected")
    assert storage.ReadData(expected)
    made = load(a_core, file, "image")
    assert np.array_equal(pixels_of(made), pixels_of(expected))
    assert pixels_of(made).dtype == pixels_of(expected).dtype
    assert np.allclose(grid_of(made).ijk_to_ras, grid_of(expected).ijk_to_ras, rtol=0, atol=1e-9)


def test_a_map_is_read_as_it_was_written(write_phantom: WritePhantom, tmp_path: Path) -> None:
    image = write_phantom()
    values = spot((220, 180), (100, 90), 12)
    picture = read_picture(write_map(values, image, tmp_path / "heat.nrrd"), "heat")
    assert picture.pixels.dtype == np.float32
    assert np.array_equal(picture.pixels, values)
    assert np.array_equal(picture.grid.ijk_to_ras, read_picture(image, "image").grid.ijk_to_ras)


@pytest.mark.parametrize(("suffix", "length"), [(".dcm", 700), (".nrrd", 500)])
def test_half_a_file_is_refused(write_phantom: WritePhantom, tmp_path: Path, suffix: str, length: int) -> None:
    image = write_phantom()
    whole = image if suffix == ".dcm" else write_map(np.ones((220, 180), np.float32), image, tmp_path / "heat.nrrd")
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(whole.read_bytes()[:length])
    for file in (cut, tmp_path / f"missing{suffix}"):
        with pytest.raises(SceneError, match="R CC: the image cannot be read"):
            read_picture(file, "R CC")


@pytest.mark.slow
def test_other_threads_go_on_while_a_large_image_is_decoded() -> None:
    file = cbis_ddsm_files()[0]  # run-length coded; GDCM takes seconds
    done: list[Picture] = []
    reader = threading.Thread(target=lambda: done.append(read_picture(file, "image")))
    ticks = 0
    reader.start()
    while reader.is_alive():
        time.sleep(0.001)
        ticks += 1
    assert np.array_equal(done[0].pixels, sitk.GetArrayFromImage(sitk.ReadImage(str(file)))[0])
    assert ticks > 10, "the reader holds everybody else up"


def test_an_exam_is_read_with_headers_heat_and_progress(write_phantom: WritePhantom, tmp_path: Path) -> None:
    image = write_phantom(WindowCenter=500, WindowWidth=400)
    heat = write_map(np.ones((220, 180), np.float32), image, tmp_path / "heat.nrrd")
    (tmp_path / "broken.nrrd").write_text("NRRD0004")
    views = (
        FetchedView(SOME, image, heat),
        FetchedView(SOME, image, None, "too slow; try again"),
        FetchedView(SOME, image, tmp_path / "broken.nrrd"),
    )
    told: list[float] = []
    fetched = FetchedExam(ExamDetail(ExamEntry("e-1")), views, ("L CC: is gone",))
    exam = read_exam(fetched, progress=lambda share, words: told.append(share))
    assert exam.problems == ("L CC: is gone",)
    assert exam.views[0].heat is not None
    assert exam.views[0].header.window is not None
    assert exam.views[1].problem == "R CC: too slow; try again"
    assert "cannot be read" in (exam.views[2].problem or "")
    assert told == sorted(told)


def test_reading_stops_when_it_is_cancelled(write_phantom: WritePhantom) -> None:
    token = CancelToken()
    exam = FetchedExam(ExamDetail(ExamEntry("e-1")), (FetchedView(SOME, write_phantom(), None),) * 3)
    read: list[float] = []

    def progress(share: float, words: str) -> None:
        read.append(share)
        token.cancel()

    with pytest.raises(Cancelled):
        read_exam(exam, progress=progress, cancelled=token)
    assert len(read) == 1


def test_a_volume_is_refused(tmp_path: Path, write_phantom: Callable[..., Path]) -> None:
    slices = sitk.GetImageFromArray(np.zeros((3, 8, 8), np.uint16))
    sitk.WriteImage(slices, str(tmp_path / "slices.nrrd"))
    exam = FetchedExam(ExamDetail(ExamEntry("e-1")), (FetchedView(SOME, tmp_path / "slices.nrrd", None),))
    with pytest.raises(SceneError, match="is not a single image"):
        read_exam(exam)
