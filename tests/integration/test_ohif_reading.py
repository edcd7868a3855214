"""How a reader works in OHIF: panels that open, tools that measure, decisions, keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pydicom
import pytest

from mammolens.datasets.phantom import PhantomView, make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.datasets.phantom_lesions import PhantomLesion

from ..patience import until
from .conftest import StartServer
from .ohif_reader import RESTORER, Picture, Reader, ServedExams, breast_on_screen, crop, heat_between, middle, reading

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Route

pytestmark = pytest.mark.integration
LESION, NO_SIZE, NEW = "PHANTOM-7", "PHANTOM-11", "PHANTOM-13"
SMALL: Any = {"rows": 512, "columns": 416, "spacing": (0.5, 0.5)}
OPEN, CLOSED = ("Length", "Bidirectional"), ("EllipticalROI", "RectangleROI", "CircleROI")


@pytest.fixture(scope="module")
def exams(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, PhantomView]]:
    """One exam with a mass in the left breast, one whose images state no pixel size, and one for a single test."""
    folder = tmp_path_factory.mktemp("studies")
    exam = make_phantom_exam(7, lesions=[PhantomLesion(contrast=0.45)], **SMALL)
    write_phantom_exam(exam, folder / "lesion")
    write_phantom_exam(make_phantom_exam(13, **SMALL), folder / "new")
    for file in write_phantom_exam(make_phantom_exam(11, **SMALL), folder / "no-size"):
        dataset = pydicom.dcmread(file)
        del dataset.ImagerPixelSpacing
        dataset.save_as(file)
    return folder, {f"{view.laterality} {view.view}": view for view in exam.views}


@pytest.fixture(scope="module")
def served(start_server: StartServer, exams: tuple[Path, dict[str, PhantomView]]) -> ServedExams:
    folder, views = exams
    return ServedExams(start_server(folder, model=RESTORER), views, has_pacs=False)


@pytest.fixture(scope="module")
def an_open_exam(a_profile: BrowserContext, served: ServedExams) -> Iterator[tuple[Reader, Picture]]:
    """The exam with the mass, opened once for all who only look, and its whole images without heat and outlines."""
    with reading(a_profile, served, "lesion") as reader:
        reader.open(LESION)
        reader.page.locator('[data-name="outlines"]').uncheck()
        yield reader, reader.toggle("h")  # heat hides grey pixels


@pytest.fixture
def at_the_lesion(an_open_exam: tuple[Reader, Picture]) -> tuple[Reader, Picture]:
    """Likewise, whatever was looked at before."""
    reader, whole = an_open_exam
    reader.press("f")
    areas = [middle(box) for box in reader.viewports().values()]

    def is_whole() -> bool:
        changed = heat_between(reader.picture(), whole)
        return not any(crop(changed, area).any() for area in areas)

    until(is_whole)
    return reader, whole


def test_whole_breasts_stay_in_view_when_the_thumbnails_open(at_the_lesion: tuple[Reader, Picture]) -> None:
    reader, whole = at_the_lesion
    before = extents(reader, whole)
    for _ in ("opened", "closed"):
        boxes = reader.viewports()
        reader.page.locator('[data-cy="side-panel-header-left"]').click()
        until(lambda boxes=boxes: reader.viewports() != boxes)
        after = extents(reader, reader.picture())
        assert after.keys() == before.keys()
        for name, (gap, width, height) in after.items():
            assert gap < 6, f"{name}: the chest wall is off its edge"
            assert (width, height) == pytest.approx(before[name][1:], abs=3), f"{name}: tissue is out of view"


def test_keys_work_after_the_mouse_has_set_a_control(at_the_lesion: tuple[Reader, Picture]) -> None:
    """OHIF hears no key while an input has the focus, which a control that was set by a key keeps."""
    reader, _ = at_the_lesion
    outlines = reader.page.locator('[data-name="outlines"]')
    outlines.click()
    reader.page.keyboard.press("o")
    until(lambda: not outlines.is_checked())
    outlines.focus()
    for checked in (True, False):
        reader.page.keyboard.press("Space")
        until(lambda checked=checked: outlines.is_checked() is checked)


def test_a_reset_by_ohif_hangs_the_images_as_they_were(at_the_lesion: tuple[Reader, Picture]) -> None:
    """A new segmentation makes OHIF reset cameras, at times late; its button does the same at once."""
    reader, whole = at_the_lesion
    before = extents(reader, whole)
    box = _, top, right, bottom = reader.viewports()["R MLO"]
    reader.page.mouse.click(right - 60, bottom - 60)  # makes it the active viewport
    reader.page.mouse.move(right - 100, (top + bottom) // 2)
    reader.page.mouse.wheel(0, -400)
    reader.picture(differs_from=whole, within=middle(box))
    reader.page.locator('[data-cy="MoreTools-split-button-primary"]').click()
    until(lambda: extents(reader, reader.picture()) == before)


def test_one_to_one_by_a_button_keeps_the_chest_wall_in_view(at_the_lesion: tuple[Reader, Picture]) -> None:
    reader, fitted = at_the_lesion
    box = _, top, right, bottom = reader.viewports()["R MLO"]
    reader.page.mouse.click(right - 60, bottom - 60)
    wall = (right - 40, top + 10, right - 4, bottom - 10)
    reader.page.locator('[data-name="pixelByPixel"]').click()
    zoomed = reader.picture(differs_from=fitted, within=middle(box))
    assert (crop(zoomed, wall).max(axis=2) > 16).mean() > 0.95


def test_the_magnifier_is_there_while_the_mouse_button_is_held(at_the_lesion: tuple[Reader, Picture]) -> None:
    reader, _ = at_the_lesion
    page = reader.page
    _, top, right, bottom = reader.viewports()["R MLO"]
    page.mouse.click(right - 60, bottom - 60)
    page.get_by_role("button", name="Magnifier").click()
    before = reader.picture()
    page.mouse.move(right - 100, (top + bottom) // 2)
    page.mouse.down()
    page.mouse.move(right - 90, (top + bottom) // 2 + 10, steps=3)
    page.locator(".magnifyTool").wait_for()
    page.mouse.up()
    page.locator(".magnifyTool").wait_for(state="detached")
    assert not heat_between(reader.picture(), before).any()


def test_thumbnails_open_without_an_error_after_an_analysis_and_a_decision_opens_the_next_exam_if_wanted(
    a_profile: BrowserContext, served: ServedExams
) -> None:
    exam = served.worklist()[NEW]
    with reading(a_profile, served, "thumbnails-new") as reader:
        page = reader.page
        page.add_init_script(
            "window.failures = []; window.addEventListener('unhandledrejection', e => failures.push(`${e.reason}`))"
        )
        assert exam["state"] == "new"
        reader.open(NEW)
        page.locator('[data-cy="side-panel-header-left"]').click()
        page.locator('[data-cy="study-browser-thumbnail"] img').nth(3).wait_for()  # made after OHIF has asked for all
        assert page.evaluate("window.failures") == []

        page.locator('[data-name="advances"]').check()
        reader.press("q")
        page.wait_for_url(lambda url: "/ohif/mammolens/" in url and exam["exam"] not in url)
        reader.settled()
        assert page.locator('[data-name="advances"]').is_checked()
    undone = served.server.post(f"/mammolens/exams/{exam['exam']}/decisions/undo").json()
    assert [(one["verdict"], one["undone"]) for one in undone["decisions"]] == [("poor_quality", True)]


def extents(reader: Reader, picture: Picture) -> dict[str, tuple[int, int, int]]:
    """Of each view, how far the breast is from its chest wall's edge, its width and its height, in screen pixels."""
    found = {}
    for name, box in reader.viewports().items():
        left, top, right, bottom = breast_on_screen(crop(picture, box))
        gap = box[2] - box[0] - right if name.startswith("R") else left
        found[name] = gap, right - left, bottom - top
    return found


def draw(reader: Reader, tools: tuple[str, ...]) -> tuple[str, str]:
    """Measure in the right MLO with each of OHIF's tools; all that it says of that, in the image and in its list."""
    page = reader.page
    _, top, right, bottom = reader.viewports()["R MLO"]
    page.mouse.click(right - 60, bottom - 60)  # the first click in a viewport only activates it
    page.locator('[data-cy="panelMeasurement-btn"]').click()
    for number, tool in enumerate(tools):
        start, end = (right - 200, top + 60 + 50 * number), (right - 160, top + 85 + 50 * number)
        reader.measure(tool, start, end, page.locator('[data-cy="data-row"]').nth(number))
    said = " ".join(page.locator("svg text").all_text_contents()), page.locator("body").inner_text()
    page.locator('[data-cy="exam-btn"]').click()
    return said


def test_tools_measure_in_pixels_where_the_pixel_size_is_unknown(
    a_profile: BrowserContext, served: ServedExams
) -> None:
    with reading(a_profile, served, "measures") as reader:
        reader.open(NO_SIZE)
        for text in draw(reader, (*OPEN, *CLOSED)):
            assert " px\N{SUPERSCRIPT TWO}" in text
            assert " mm" not in text


def test_findings_are_outlined_with_the_numbers_of_the_list(at_the_lesion: tuple[Reader, Picture]) -> None:
    reader, _ = at_the_lesion
    exam = reader.served.exam(LESION)
    peaks = {finding["number"]: finding["peak"] for view in exam["views_in_detail"] for finding in view["findings"]}
    assert [peaks[number] for number in sorted(peaks)] == sorted(peaks.values(), reverse=True)
    outlines = reader.page.locator(".mammolens-outlines text")
    assert outlines.count() == 0
    reader.press("o")
    outlines.nth(len(peaks) - 1).wait_for()
    assert sorted(map(int, outlines.all_text_contents())) == sorted(peaks) == list(range(1, len(peaks) + 1))
    listed = reader.page.locator(".mammolens-findings b").all_inner_texts()
    assert list(map(int, listed)) == sorted(peaks)
    reader.press("o")
    outlines.first.wait_for(state="detached")


def test_the_wheel_zooms_about_the_mouse_and_all_views_follow_where_they_are_linked(
    at_the_lesion: tuple[Reader, Picture],
) -> None:
    reader, before = at_the_lesion
    page, boxes = reader.page, reader.viewports()
    middles = {name: middle(box) for name, box in boxes.items()}
    _, top, right, bottom = boxes["R MLO"]
    page.mouse.move(right - 100, (top + bottom) // 2)
    page.mouse.wheel(0, -400)
    zoomed = reader.picture(differs_from=before, within=middles["R MLO"])
    changed = heat_between(zoomed, before)
    assert not any(crop(changed, middles[name]).any() for name in boxes if name != "R MLO")

    page.locator('[data-name="linked"]').check()
    page.mouse.move(right - 100, (top + bottom) // 2)
    page.mouse.wheel(0, -200)
    followed = heat_between(reader.picture(differs_from=zoomed, within=middles["L CC"]), zoomed)
    assert all(crop(followed, box).any() for box in middles.values())
    page.locator('[data-name="linked"]').uncheck()
    reader.press("f")
    fitted = heat_between(reader.picture(differs_from=zoomed, within=middles["R MLO"]), before)
    assert not any(crop(fitted, box).any() for box in middles.values())


def test_a_decision_waits_until_all_views_are_drawn_or_says_which_cannot_be(
    a_profile: BrowserContext, served: ServedExams
) -> None:
    images = {view["name"]: view["image"] for view in served.exam(LESION)["views_in_detail"]}
    with reading(a_profile, served, "waits") as reader:
        page = reader.page
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        late, broken = f"**/mammolens/images/{images['L MLO']}.dcm", f"**/mammolens/images/{images['R CC']}.dcm"
        page.route(late, hold)
        page.route(broken, lambda route: route.fulfill(status=502))
        page.goto(served.server.url + served.worklist()[LESION]["viewer"])
        page.get_by_text("Not drawn yet: L MLO.").wait_for()
        confirm = page.get_by_role("button", name="Confirm normal")
        assert confirm.is_disabled()
        assert page.locator(".cornerstone-viewport-element:not([data-drawn])").count() == 1  # which has a spinner
        reader.press("c")
        page.get_by_text("A decision needs all views").wait_for()
        assert served.exam(LESION)["decisions"] == []

        for request in held:
            request.continue_()
        reader.settled()
        page.get_by_text("R CC cannot be drawn: the server answers with error 502.").wait_for()
        assert confirm.is_enabled()


def test_outlines_in_millimetres_go_with_a_finding_if_they_are_closed_and_leave_with_its_undo(
    an_open_exam: tuple[Reader, Picture],
) -> None:
    """The lines stay on the screen: this comes after the tests that compare pictures."""
    reader, _ = an_open_exam
    page, served = reader.page, reader.served
    for text in draw(reader, (*OPEN, *CLOSED)):
        assert " mm\N{SUPERSCRIPT TWO}" in text
        assert " px" not in text
    page.get_by_role("button", name="Mark finding with 3 regions").wait_for()
    page.get_by_label("Finding type of region 1").select_option(label="Mass")
    page.get_by_label("BI-RADS of region 1").select_option("4A")
    page.get_by_label("BI-RADS of region 2").select_option("2")
    page.get_by_role("textbox", name="Comment").fill("two masses")
    reader.press("m")
    page.get_by_role("button", name="Undo").wait_for()
    decision = served.exam(LESION)["decisions"][-1]
    assert (decision["verdict"], decision["comment"]) == ("finding", "two masses")
    assert [len(region["points"]) for region in decision["regions"]] == [48, 4, 48]
    assert [(one["finding_type"], one["birads"]) for one in decision["regions"]] == [
        ("mass", "4A"),
        (None, "2"),
        (None, None),
    ]
    assessed = page.get_by_role("status").locator(".mammolens-assessed")
    assert assessed.all_inner_texts() == ["R MLO: Mass, BI-RADS 4A", "R MLO: BI-RADS 2"]

    reader.press("u")
    page.get_by_role("button", name="Mark finding", exact=True).wait_for()
    assert page.get_by_label("BI-RADS of region 1").count() == 0
    earlier = page.get_by_role("region", name="Earlier decisions").locator(".mammolens-assessed")
    assert earlier.all_inner_texts() == ["R MLO: Mass, BI-RADS 4A", "R MLO: BI-RADS 2"]
    assert page.get_by_role("textbox", name="Comment").input_value() == "two masses"
    reader.press("m")
    page.get_by_role("button", name="Undo").wait_for()
    assert served.exam(LESION)["decisions"][-1]["regions"] == []
    reader.press("u")
    page.get_by_role("button", name="Undo").wait_for(state="detached")
    assert served.exam(LESION)["verdict"] is None


def test_the_way_an_exam_hangs_is_remembered_and_unseen_views_hold_a_decision_back(
    an_open_exam: tuple[Reader, Picture],
) -> None:
    reader, _ = an_open_exam
    page = reader.page
    page.locator('[data-name="hang CC"]').click()
    until(lambda: list(reader.viewports()) == ["R CC", "L CC"])
    until(page.get_by_role("button", name="Confirm normal").is_enabled)  # all views were seen before
    page.reload()
    page.get_by_text("Not drawn yet: R MLO, L MLO.").wait_for()
    assert list(reader.viewports()) == ["R CC", "L CC"]
    assert page.get_by_role("button", name="Confirm normal").is_disabled()
    page.locator('[data-name="hang row"]').click()
    until(lambda: list(reader.viewports()) == ["R CC", "L CC", "R MLO", "L MLO"])
    reader.settled()
    assert len({box[1] for box in reader.viewports().values()}) == 1
    until(page.get_by_role("button", name="Confirm normal").is_enabled)
    page.locator('[data-cy="side-panel-header-left"]').click()
    thumbnails = page.locator('[data-cy="study-browser-thumbnail"]')
    thumbnails.nth(3).wait_for()
    shown = " ".join(thumbnails.all_inner_texts())
    assert all(name in shown for name in ("R CC", "L CC", "R MLO", "L MLO"))


def test_a_case_of_a_reader_study_is_read_blind(a_profile: BrowserContext, served: ServedExams) -> None:
    """Without heat first or with it, as the seed has it; what would unblind the reader is nowhere."""
    exam, before = served.worklist()[LESION]["exam"], served.exam(LESION)["decisions"]
    served.server.post(f"/mammolens/exams/{exam}/infer", json={})
    plan = {"name": "blind", "readers": ["admin"], "exams": [exam], "washout_days": 0, "seed": 1}
    assert served.server.post("/mammolens/reader-studies", json=plan).status_code == 200
    heat_seen = []
    with reading(a_profile, served, "study") as reader:
        page = reader.page
        page.goto(f"{served.server.url}/mammolens/reader-studies/blind/open")
        for session in (1, 2):
            page.get_by_text(f"Case 1 of 1, session {session}").wait_for()
            reader.settled()
            panel = page.locator(".mammolens")
            heat = "Read with the model's result." in panel.inner_text()
            heat_seen.append(heat)
            assert (page.locator(".mammolens-findings").count() > 0) == heat
            assert page.get_by_role("button", name="Confirm normal").count() == 0
            reader.press("c")  # decides nothing here
            submit = page.get_by_role("button", name="Submit and open the next case")
            assert submit.is_disabled()
            page.get_by_label("Likelihood from 0 to 100").fill("80")
            page.get_by_role("radio", name="No recall" if session == 1 else "Recall", exact=True).check()
            submit.click()
        page.get_by_text("You have read all cases of this study.").wait_for()
    assert sorted(heat_seen) == [False, True]
    found = served.server.get("/mammolens/reader-studies/blind/readings").json()["readings"]
    assert [(one["heat"], one["likelihood"], one["recall"]) for one in found] == [
        (heat_seen[0], 80, False), (heat_seen[1], 80, True),
    ]  # fmt: skip
    assert all(one["seconds"] > 0 for one in found)
    assert served.exam(LESION)["decisions"] == before
