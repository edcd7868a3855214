"""How a reader works in OHIF: panels that open, tools that measure, decisions, keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pydicom
import pytest

from mammolens.datasets.phantom import PhantomView, make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.datasets.phantom_lesions import PhantomLesion

from ..patience import until
from .conftest import StartServer
from .ohif_reader import RESTORER, Reader, Room, breast_on_screen, crop, reading

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.integration
LESION, NO_SIZE = "PHANTOM-7", "PHANTOM-11"
CLOSED = ("EllipticalROI", "RectangleROI", "CircleROI")


@pytest.fixture(scope="module")
def exams(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, PhantomView]]:
    """One exam with a mass in the left breast, and one whose images state no pixel size."""
    folder = tmp_path_factory.mktemp("studies")
    exam = make_phantom_exam(7, lesions=[PhantomLesion(contrast=0.45)])
    write_phantom_exam(exam, folder / "lesion")
    for file in write_phantom_exam(make_phantom_exam(11), folder / "no-size"):
        dataset = pydicom.dcmread(file)
        del dataset.ImagerPixelSpacing
        dataset.save_as(file)
    return folder, {f"{view.laterality} {view.view}": view for view in exam.views}


@pytest.fixture(scope="module")
def room(start_server: StartServer, exams: tuple[Path, dict[str, PhantomView]]) -> Room:
    folder, views = exams
    return Room(start_server(folder, model=RESTORER), views, has_pacs=False)


def test_whole_breasts_stay_in_view_with_their_heat_when_the_thumbnails_open(a_browser: Browser, room: Room) -> None:
    with reading(a_browser, room, "thumbnails") as reader:
        reader.open(LESION)
        reader.press("h")  # without heat, which hides grey pixels
        before = extents(reader)
        for _ in ("opened", "closed"):
            boxes = reader.viewports()
            reader.page.locator('[data-cy="side-panel-header-left"]').click()
            until(lambda boxes=boxes: reader.viewports() != boxes)
            reader.picture()
            after = extents(reader)
            assert after.keys() == before.keys()
            for name, (gap, width, height) in after.items():
                assert gap < 6, f"{name}: the chest wall is off its edge"
                assert (width, height) == pytest.approx(before[name][1:], abs=3), f"{name}: tissue is out of view"


def extents(reader: Reader) -> dict[str, tuple[int, int, int]]:
    """Of each view, how far the breast is from its chest wall's edge, its width and its height, in screen pixels."""
    picture, found = reader.picture(), {}
    for name, box in reader.viewports().items():
        left, top, right, bottom = breast_on_screen(crop(picture, box))
        gap = box[2] - box[0] - right if name.startswith("R") else left
        found[name] = gap, right - left, bottom - top
    return found


@pytest.mark.parametrize(("patient", "unit"), [(LESION, "mm"), (NO_SIZE, "px")])
def test_tools_measure_in_millimetres_only_where_the_pixel_size_is_known(
    a_browser: Browser, room: Room, patient: str, unit: str
) -> None:
    with reading(a_browser, room, f"measures-{unit}") as reader:
        reader.open(patient)
        _, top, right, bottom = reader.viewports()["R MLO"]
        reader.page.mouse.click(right - 60, bottom - 60)  # the first click in a viewport only activates it
        for number, tool in enumerate(("Length", "Bidirectional", *CLOSED)):
            reader.drag(tool, (right - 200, top + 60 + 50 * number), (right - 170, top + 80 + 50 * number))
        reader.page.locator('[data-cy="panelMeasurement-btn"]').click()
        reader.page.locator('[data-cy="data-row"]').nth(4).wait_for()  # one for each measurement
        drawn = " ".join(reader.page.locator("svg text").all_text_contents())
        for text in (drawn, reader.page.locator("body").inner_text()):
            assert f" {unit}\N{SUPERSCRIPT TWO}" in text
            assert {"mm": " px", "px": " mm"}[unit] not in text
