"""The mode 'MammoLens' in the OHIF that is served, as a reader uses it: over a folder, and over Orthanc."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
import pytest
from scipy import ndimage

from mammolens import RESEARCH_USE_ONLY
from mammolens.datasets.phantom import PhantomView, make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.datasets.phantom_lesions import PhantomLesion

from ..patience import patient
from .conftest import Orthanc, StartServer
from .ohif_reader import (
    RESTORER,
    SIZE,
    Box,
    Mask,
    Picture,
    Reader,
    ServedExams,
    breast_on_screen,
    crop,
    extent,
    heat_between,
    reading,
)

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

pytestmark = pytest.mark.integration
LESION, OTHER = "PHANTOM-7", "PHANTOM-9"
SMALL: Any = {"rows": 512, "columns": 416, "spacing": (0.5, 0.5)}


@pytest.fixture(scope="module")
def two_exams(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, PhantomView]]:
    """Four views with a mass in the left breast; and a left breast alone, as some machines tell it.

    That one is MONOCHROME1, has both views in one series, and one of them stored the other way round.
    """
    folder = tmp_path_factory.mktemp("studies")
    exam = make_phantom_exam(7, lesions=[PhantomLesion(contrast=0.45)], **SMALL)
    write_phantom_exam(exam, folder / "lesion")
    one_sided = make_phantom_exam(9, **SMALL)
    for file in write_phantom_exam(one_sided, folder / "other", photometric="MONOCHROME1", one_series=True):
        if file.name.startswith("R"):
            file.unlink()
    turned = pydicom.dcmread(folder / "other" / "L_MLO.dcm")
    turned.PixelData = np.ascontiguousarray(turned.pixel_array[:, ::-1]).tobytes()
    turned.save_as(folder / "other" / "L_MLO.dcm")
    return folder, {f"{view.laterality} {view.view}": view for view in exam.views}


@pytest.fixture(scope="module")
def over_a_folder(start_server: StartServer, two_exams: tuple[Path, dict[str, PhantomView]]) -> ServedExams:
    folder, views = two_exams
    return ServedExams(start_server(folder, model=RESTORER), views, has_pacs=False)


@pytest.fixture(scope="module")
def over_orthanc(
    start_server: StartServer, an_orthanc: Orthanc, two_exams: tuple[Path, dict[str, PhantomView]]
) -> ServedExams:
    folder, views = two_exams
    for file in sorted(folder.rglob("*.dcm")):
        an_orthanc.store(file)
    return ServedExams(start_server(an_orthanc.dicomweb, model=RESTORER), views, has_pacs=True)


def to_screen(mask: Mask, view: PhantomView, breast: Box, shape: tuple[int, int]) -> Mask:
    """A mask of the image's grid as it must lie on the screen, given where the breast lies there.

    Placed by the breast's outline alone, so that nothing of the viewer's own geometry is believed.
    """
    left, top, right, bottom = extent(view.breast_mask)
    columns = left + (np.arange(shape[1]) + 0.5 - breast[0]) * (right - left) / (breast[2] - breast[0])
    rows = top + (np.arange(shape[0]) + 0.5 - breast[1]) * (bottom - top) / (breast[3] - breast[1])
    inside = (rows[:, None] >= 0) & (rows[:, None] < mask.shape[0]) & (columns >= 0) & (columns < mask.shape[1])
    at = np.clip(rows, 0, mask.shape[0] - 1).astype(int), np.clip(columns, 0, mask.shape[1] - 1).astype(int)
    return np.asarray(mask[np.ix_(*at)] & inside)


def assert_heat_lies_on_the_lesion(
    heat: Mask, plain: Picture, viewports: dict[str, Box], served: ServedExams, beside: int = 6
) -> None:
    """By pixels: heat on the lesion in both views of its breast, and in no view outside of the breast.

    The spot on the lesion may reach this many pixels of the screen ``beside`` it.
    """
    for name, box in viewports.items():
        view, marked = served.lesion[name], crop(heat, box)
        breast = breast_on_screen(crop(plain, box))
        tissue = to_screen(view.breast_mask, view, breast, marked.shape)
        outside = marked & ~ndimage.binary_dilation(tissue, iterations=3)
        assert not outside.any(), f"{name}: heat outside of the breast"
        assert marked.sum() < 0.1 * tissue.sum(), f"{name}: heat nearly everywhere shows nothing"
        if view.lesion_mask.any():
            core = to_screen(_core(view.lesion_mask), view, breast, marked.shape)
            assert core.sum() > 10
            assert marked[core].mean() > 0.9, f"{name}: no heat on the lesion"
            spots = ndimage.label(marked)[0]
            spot = np.isin(spots, np.unique(spots[core & marked]))
            whole = to_screen(view.lesion_mask, view, breast, marked.shape)
            too_far = spot & ~ndimage.binary_dilation(whole, iterations=beside)
            assert not too_far.any(), f"{name}: heat beside the lesion"


def _core(lesion: Mask) -> Mask:
    """Where a lesion is thickest, its spicules left out."""
    depth = ndimage.distance_transform_edt(lesion)
    return np.asarray(depth > 0.6 * depth.max())


@pytest.mark.parametrize("where", ["over_a_folder", "over_orthanc"])
def test_an_exam_is_opened_analysed_decided_and_left_for_the_next(
    where: str, a_profile: BrowserContext, request: pytest.FixtureRequest
) -> None:
    served: ServedExams = request.getfixturevalue(where)
    assert served.worklist()[LESION]["state"] == "new"
    with reading(a_profile, served, where) as reader:
        page = reader.page
        reader.open(LESION)
        page.locator('[data-name="outlines"]').uncheck()  # they would cover the heat that is looked for
        assert page.get_by_text(RESEARCH_USE_ONLY).is_visible()
        assert page.get_by_text(served.exam(LESION)["sentence"]).first.is_visible()
        viewports = reader.viewports()
        assert list(viewports) == ["R CC", "L CC", "R MLO", "L MLO"]
        assert_breasts_hang_back_to_back_in_one_scale(reader.picture(), viewports)

        with_heat = reader.picture()
        reader.press("h")
        plain = reader.picture(differs_from=with_heat)
        assert_heat_lies_on_the_lesion(heat_between(with_heat, plain), plain, viewports, served)

        reader.press("h")
        assert not heat_between(reader.picture(differs_from=plain), with_heat).any()
        reader.click("Analyse again")
        page.get_by_role("progressbar").wait_for()
        reader.settled()
        anew = reader.picture()
        areas = np.any([_area(anew.shape[:2], box) for box in viewports.values()], axis=0)
        assert not (heat_between(anew, with_heat) & areas).any(), "a second overlay over the first is darker"

        page.get_by_role("textbox", name="Comment").fill("clear")
        reader.press("c")
        question = page.get_by_role("alertdialog", name="Second confirmation")
        question.wait_for()
        assert served.exam(LESION)["safety_note"] in question.inner_text()
        assert served.exam(LESION)["decisions"] == []
        reader.click("Confirm a second time")
        page.get_by_role("button", name="Undo").wait_for()
        exam = served.exam(LESION)
        assert exam["decisions"][-1]["confirmed_again"] is True
        assert (exam["verdict"], exam["decisions"][-1]["comment"]) == ("normal", "clear")
        assert exam["decisions"][-1]["viewer"] == "OHIF"

        reader.click("Undo")
        page.get_by_role("button", name="Undo").wait_for(state="detached")
        assert served.exam(LESION)["verdict"] is None

        reader.press("n")
        page.wait_for_url(f"**{served.worklist()[OTHER]['viewer']}")
        reader.settled()
        assert list(reader.viewports()) == ["L CC", "L MLO"]  # one breast, MONOCHROME1, one series
        assert reader.problems() == ""
        assert_tissue_is_bright_on_black(reader)


def test_what_the_reader_does_with_mouse_and_keys_lands_where_it_belongs(
    a_profile: BrowserContext, over_a_folder: ServedExams
) -> None:
    with reading(a_profile, over_a_folder, "hands") as reader:
        page = reader.page
        reader.open(LESION)
        exam = over_a_folder.exam(LESION)
        box = reader.viewports()["L CC"]

        field = page.get_by_role("textbox", name="Comment")
        field.click()
        page.keyboard.type("chnp")
        assert field.input_value() == "chnp"
        assert over_a_folder.exam(LESION)["decisions"] == exam["decisions"], "keys decide while a comment is typed"

        breast = breast_on_screen(crop(reader.picture(), box))
        view = over_a_folder.lesion["L CC"]
        wanted = extent(to_screen(view.lesion_mask, view, breast, (box[3] - box[1], box[2] - box[0])))
        page.mouse.click(box[2] - 60, box[3] - 60)  # the first click in a viewport only activates it
        page.locator('[data-cy="MeasurementTools-split-button-secondary"]').click()
        page.locator('[data-cy="RectangleROI"]').click()
        page.mouse.move(box[0] + wanted[0], box[1] + wanted[1])
        page.mouse.down()
        page.mouse.move(box[0] + wanted[2] - 5, box[1] + wanted[3] - 5, steps=5)
        page.mouse.move(box[0] + wanted[2], box[1] + wanted[3], steps=5)
        page.mouse.up()
        reader.click("Mark finding")
        page.get_by_text(", 1 region").wait_for()  # of the decision; the button says 'with 1 region'
        decision = over_a_folder.exam(LESION)["decisions"][-1]
        assert (decision["verdict"], decision["comment"]) == ("finding", "chnp")
        region = decision["regions"][0]
        image = next(one for one in exam["views_in_detail"] if (one["laterality"], one["view"]) == ("L", "CC"))
        assert region["image"] == image["image"]
        (left, top), (right, bottom) = np.min(region["points"], axis=0), np.max(region["points"], axis=0)
        assert (left, top, right, bottom) == pytest.approx(extent(view.lesion_mask), abs=4.5)  # 3 pixels of the screen

        finding = image["findings"][0]
        page.get_by_role("button", name=finding["text"]).click()
        without = reader.toggle("h")
        heat = heat_between(reader.toggle("h"), without)
        middle = (box[1] + box[3]) // 2, (box[0] + box[2]) // 2
        around = (middle[1] - 3, middle[0] - 3, middle[1] + 4, middle[0] + 4)
        assert crop(heat, around).any(), "the finding is not in the middle"


def test_a_study_of_the_pacs_opens_as_its_exam_and_an_unknown_one_says_so(
    a_profile: BrowserContext, over_orthanc: ServedExams
) -> None:
    page = patient(a_profile.new_page())
    page.set_viewport_size(SIZE)
    study = over_orthanc.exam(LESION)["views_in_detail"][0]["study_instance_uid"]
    page.goto(f"{over_orthanc.server.url}/ohif/mammolens/dicomweb?StudyInstanceUIDs={study}")
    page.wait_for_url(f"**{over_orthanc.worklist()[LESION]['viewer']}")
    page.goto(f"{over_orthanc.server.url}/ohif/mammolens/dicomjson?url=/mammolens/exams/e-{'0' * 16}/ohif.json")
    page.get_by_role("link", name="Open the worklist").wait_for()
    assert page.get_by_role("alert").first.inner_text().strip()
    page.close()


def assert_breasts_hang_back_to_back_in_one_scale(shown: Picture, viewports: dict[str, Box]) -> None:
    """Chest walls touch the middle; the same woman's breasts have heights as in her images."""
    boxes = {name: breast_on_screen(crop(shown, box)) for name, box in viewports.items()}
    for view in ("CC", "MLO"):
        right, left = viewports[f"R {view}"], viewports[f"L {view}"]
        assert right[2] - right[0] - boxes[f"R {view}"][2] < 6
        assert boxes[f"L {view}"][0] < 6
        assert right[2] <= left[0] + 12
        assert right[1] == left[1]


def assert_tissue_is_bright_on_black(reader: Reader) -> None:
    for box in reader.viewports().values():
        shown = crop(reader.picture(), box)
        assert np.median(shown[:, -40:-10]) < 20  # a left breast: air at the right
        left, top, right, bottom = breast_on_screen(shown)
        assert np.median(shown[(top + bottom) // 2, left : (left + right) // 2]) > 60


def _area(shape: tuple[int, ...], box: Box) -> Mask:
    mask = np.zeros(shape, dtype=bool)
    crop(mask, box)[:] = True
    return mask
