"""The page for everybody, as people use it: in Chromium, against `mammolens web` in a process of its own."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from numpy.typing import NDArray
from PIL import Image
from topology.ports import free_port

from mammolens import RESEARCH_USE_ONLY
from mammolens.datasets.phantom import make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.datasets.phantom_lesions import PhantomLesion
from mammolens.models.store import pretrained_directory

from ..fork_server import ForkServer, Program
from ..patience import CLICK_MS, PATIENCE_S, end, patient, until
from ..stillness import still
from .conftest import StartServer, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Download, Page

pytestmark = pytest.mark.integration
PROGRAM = Path(sys.executable).with_name("mammolens")
SMALL: Any = {"rows": 512, "columns": 416, "spacing": (0.5, 0.5)}
TALL = 1800  # pixels: the notice at the bottom covers no image
SEVERE = {"serious", "critical"}
StartPage = Callable[..., "WebPage"]


@dataclass
class WebPage:
    """`mammolens web` in a process of its own."""

    url: str
    process: Program
    scratch: Path
    log: Path

    def left(self) -> list[Path]:
        """Files and folders of its own; what goes meanwhile is not an error, as it would be for rglob."""
        return [Path(here, name) for here, folders, files in os.walk(self.scratch) for name in (*folders, *files)]

    def sessions(self) -> list[Path]:
        """Folders of sessions that are there."""
        return [path for path in self.left() if path.name.startswith("mammolens-session-")]


@pytest.fixture(scope="module")
def start_page(fork_server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartPage]:
    """Starts `mammolens web`, and waits until it answers; both of its processes are forked."""
    pages: list[WebPage] = []

    def start(*options: str) -> WebPage:
        home = tmp_path_factory.mktemp("page")
        (home / "tmp").mkdir()
        port, log = free_port(), home / "log"
        environment = {**os.environ, "TMPDIR": str(home / "tmp"), "HOME": str(home), "OMP_NUM_THREADS": "1"}
        with log.open("wb") as output:
            process = fork_server.start(
                PROGRAM,
                *("web", "--port", str(port), *options),
                environment=environment,
                cwd=home,
                output=output,
                python=fork_server.python,
            )
        pages.append(WebPage(f"http://127.0.0.1:{port}", process, home / "tmp", log))
        wait_for(f"{pages[-1].url}/_stcore/health", process, log)
        return pages[-1]

    yield start
    for page in pages:
        end(page.process)


@pytest.fixture(scope="module")
def a_page(start_page: StartPage) -> WebPage:
    return start_page("--max-upload-mb", "20")


@pytest.fixture(scope="module")
def exams(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """Two women by their patient ids: one with a mass in her left breast, one without, two views each."""
    folder = tmp_path_factory.mktemp("exams")
    found = {}
    for seed, lesions in ((7, [PhantomLesion(contrast=0.45)]), (9, [])):
        files = write_phantom_exam(make_phantom_exam(seed, lesions=lesions, **SMALL), folder / str(seed))
        found[f"PHANTOM-{seed}"] = [file for file in files if file.name.endswith("CC.dcm")]
    return found


@dataclass
class Visitor:
    """A person at the page."""

    page: Page
    outside: list[str]

    def drop(self, *files: Path) -> None:
        self.page.locator("input[type=file]").set_input_files([str(file) for file in files])

    def sees(self, heading: str) -> None:
        """Wait for the exam of this patient with its images."""
        self.page.get_by_role("heading", name=re.compile(re.escape(heading))).wait_for()
        self.page.locator(".mammolens[data-drawn]").wait_for()
        self.page.get_by_role("heading", name="Download").wait_for()

    def picture(self, view: int = 0) -> NDArray[np.int16]:
        """What is on the screen of one view, ``(rows, cols, 3)``."""
        self.page.mouse.move(2, 2)
        content = self.page.locator("figure .panes").nth(view).screenshot()
        return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), dtype=np.int16)

    def takes(self, button: str) -> bytes:
        """Click a download, and give what came; a click is lost where the page moves under it."""
        from playwright.sync_api import TimeoutError as NothingCame

        def download() -> Download | None:
            try:
                with self.page.expect_download(timeout=CLICK_MS) as waiting:
                    self.page.get_by_role("button", name=button).click()
            except NothingCame:
                return None
            return waiting.value

        came = until(download, lambda: f"nothing came for {button}")
        assert came is not None
        return Path(came.path()).read_bytes()

    def faults(self) -> list[str]:
        """Serious faults that axe finds."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{fault['id']}: {node['html'][:200]}"
            for fault in found
            if fault["impact"] in SEVERE
            for node in fault["nodes"]
        ]


def context_of(browser: Browser) -> BrowserContext:
    """The browser of somebody at a computer of their own."""
    return still(patient(browser.new_context(viewport={"width": 1300, "height": TALL})))


@pytest.fixture(scope="module")
def a_context(a_browser: Browser) -> Iterator[BrowserContext]:
    """One for all who need none of their own: only the first page in it loads and compiles Streamlit's scripts."""
    context = context_of(a_browser)
    yield context
    context.close()


@contextmanager
def visiting(context: BrowserContext, url: str) -> Iterator[Visitor]:
    page = context.new_page()
    outside: list[str] = []
    page.on("request", lambda request: outside.append(request.url) if _is_outside(request.url, url) else None)
    page.goto(url)
    page.get_by_role("heading", name="See where a mammogram deviates").wait_for()
    yield Visitor(page, outside)
    page.close()


def _is_outside(asked: str, url: str) -> bool:
    return not asked.startswith((url, url.replace("http", "ws"), "data:", "blob:"))


@pytest.fixture(scope="module")
def predicted(
    fork_server: ForkServer, exams: dict[str, list[Path]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """The records of `mammolens predict` for the exam with the mass, by SOP Instance UID."""
    to = tmp_path_factory.mktemp("predicted") / "out"
    options = ("-o", to, "--json", "--maps", "none", "--no-overlays")
    process = fork_server.start(PROGRAM, "predict", *exams["PHANTOM-7"], *options, cwd=to.parent)
    printed, said = process.communicate(PATIENCE_S)
    assert process.returncode == 0, said
    records = [json.loads(line) for line in printed.splitlines()]
    assert len(records) == 2
    return {record["sop_instance_uid"]: {**record, "path": Path(record["path"]).name} for record in records}


@pytest.fixture(scope="module")
def at_the_lesion(a_context: BrowserContext, a_page: WebPage, exams: dict[str, list[Path]]) -> Iterator[Visitor]:
    """Somebody who looks at the exam with the mass."""
    with visiting(a_context, a_page.url) as visitor:
        visitor.drop(*exams["PHANTOM-7"])
        visitor.sees("PHANTOM-7")
        yield visitor


def test_the_numbers_are_those_of_mammolens_predict_to_the_last_digit(
    at_the_lesion: Visitor, predicted: dict[str, dict[str, Any]]
) -> None:
    told = {record["sop_instance_uid"]: record for record in json.loads(at_the_lesion.takes("Numbers, JSON"))}
    assert told == predicted


def test_heat_changes_with_opacity_level_and_layout(at_the_lesion: Visitor) -> None:
    page = at_the_lesion.page
    view = next(at for at, name in enumerate(page.locator("figcaption b").all_inner_texts()) if name == "L CC")
    page.get_by_role("checkbox", name="Findings").uncheck()
    opacity = page.get_by_label("Heat opacity")
    strong, weak = [], []
    for value, pictures in (("100", strong), ("0", weak)):
        opacity.fill(value)
        pictures.append(at_the_lesion.picture(view))
    coloured = np.ptp(strong[0], axis=2) > 30
    assert coloured.any()
    assert not (np.ptp(weak[0], axis=2) > 30).any()
    opacity.fill("100")
    page.get_by_label("Heat from level").select_option("high")
    assert (np.ptp(at_the_lesion.picture(view), axis=2) > 30).sum() < coloured.sum()
    page.get_by_label("Heat from level").select_option("low")
    page.get_by_label("Slider").check()
    divider = page.get_by_label("Divider of L CC")
    divider.fill("0")
    assert (np.ptp(at_the_lesion.picture(view), axis=2) > 30).any()
    divider.fill("100")
    assert not (np.ptp(at_the_lesion.picture(view), axis=2) > 30).any()
    page.get_by_label("Side by side").check()
    page.get_by_role("checkbox", name="Findings").check()


def test_a_view_is_zoomed_and_scrolled_by_keys_and_buttons(at_the_lesion: Visitor) -> None:
    page = at_the_lesion.page
    pane = page.locator("figure .pane:visible").first
    before = pane.bounding_box()
    pane.focus()
    page.keyboard.press("+")
    page.get_by_role("button", name="Zoom in").click()
    assert page.locator("output.zoom").inner_text() == "200 %"
    after = pane.bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] == pytest.approx(before["height"], abs=12)
    assert pane.evaluate("pane => pane.scrollWidth > 1.8 * pane.clientWidth")
    page.get_by_role("button", name="Fit the whole image").click()
    assert page.locator("output.zoom").inner_text() == "100 %"


def test_everything_can_be_taken_home(at_the_lesion: Visitor) -> None:
    with zipfile.ZipFile(io.BytesIO(at_the_lesion.takes("Everything, zip"))) as archive:
        names = archive.namelist()
        assert sum(name.endswith(".overlay.png") for name in names) == 2
        assert sum(name.endswith(".anomaly.nrrd") for name in names) == 2
        assert RESEARCH_USE_ONLY in archive.read("report.html").decode()
    assert at_the_lesion.takes("Report, PDF").startswith(b"%PDF")
    at_the_lesion.page.get_by_text("Overlays and float maps").click()
    assert at_the_lesion.takes("Overlay of L CC, PNG").startswith(b"\x89PNG")
    assert at_the_lesion.takes("Float map of L CC, .nrrd").startswith(b"NRRD")


def test_research_use_only_is_in_sight_wherever_one_scrolls(at_the_lesion: Visitor) -> None:
    notice = at_the_lesion.page.get_by_text(f"{RESEARCH_USE_ONLY}.").last
    for where in ("See where a mammogram deviates", "Download"):
        at_the_lesion.page.get_by_role("heading", name=where).scroll_into_view_if_needed()
        box = notice.bounding_box()
        assert box is not None
        assert 0 <= box["y"] < TALL


def test_nothing_is_asked_of_the_world_outside(at_the_lesion: Visitor) -> None:
    assert at_the_lesion.outside == []


def test_axe_finds_no_serious_fault_in_light_dark_and_narrow(
    a_context: BrowserContext, a_page: WebPage, exams: dict[str, list[Path]]
) -> None:
    with visiting(a_context, a_page.url) as visitor:
        page = visitor.page
        visitor.drop(*exams["PHANTOM-7"])
        visitor.sees("PHANTOM-7")
        for scheme, width in (("light", 1300), ("dark", 1300), ("light", 390)):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 900})
            # the page takes a moment to be drawn anew
            until(lambda: visitor.faults() == [], lambda: (visitor.faults(), scheme, width))  # noqa: B023 - asked here
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), width
        page.goto(f"{a_page.url}/evaluation")
        page.get_by_role("heading", name="How well does it work?").wait_for()
        assert visitor.faults() == []


def test_a_bad_file_is_explained_while_the_good_one_is_shown(
    a_context: BrowserContext, a_page: WebPage, exams: dict[str, list[Path]], tmp_path: Path
) -> None:
    bad = tmp_path / "holiday.txt"
    bad.write_text("no mammogram")
    with visiting(a_context, a_page.url) as visitor:
        visitor.drop(bad, exams["PHANTOM-9"][0])
        visitor.sees("PHANTOM-9")
        said = visitor.page.get_by_role("alert").inner_text()
        assert "1 file could not be analysed" in said
        assert "holiday.txt" in said
        assert "Remedy: give a mammogram in one of these formats" in said
        assert str(a_page.scratch) not in said


def test_a_file_above_the_limit_is_refused(a_context: BrowserContext, a_page: WebPage, tmp_path: Path) -> None:
    large = tmp_path / "large.dcm"
    large.write_bytes(bytes(21 << 20))
    with visiting(a_context, a_page.url) as visitor:
        visitor.drop(large)
        visitor.page.get_by_text("must be 20", exact=False).wait_for()


def test_people_at_once_see_each_their_own_and_leave_nothing_behind(
    at_the_lesion: Visitor,
    a_browser: Browser,
    a_context: BrowserContext,
    a_page: WebPage,
    exams: dict[str, list[Path]],
) -> None:
    until(lambda: len(a_page.sessions()) == 1)  # of the person who looks at the exam with the mass
    with visiting(a_context, a_page.url) as one:
        with closing(context_of(a_browser)) as context, visiting(context, a_page.url) as other:
            one.drop(*exams["PHANTOM-7"])
            other.drop(*exams["PHANTOM-9"])
            other.sees("PHANTOM-9")
            one.sees("PHANTOM-7")
            assert one.page.get_by_text("PHANTOM-9").count() == 0
            assert other.page.get_by_text("PHANTOM-7").count() == 0
            assert len(a_page.sessions()) == 3
            assert not [path for path in a_page.left() if path.suffix == ".dcm"]
        until(lambda: len(a_page.sessions()) == 2)
        one.page.get_by_label("Slider").check()
        assert one.takes("Report, PDF").startswith(b"%PDF")
    until(lambda: len(a_page.sessions()) == 1)
    assert at_the_lesion.takes("Report, PDF").startswith(b"%PDF")


def test_another_name_than_the_loopbacks_is_not_answered(a_page: WebPage) -> None:
    import websockets.sync.client

    url = a_page.url.replace("http", "ws") + "/_stcore/stream"
    with pytest.raises(websockets.exceptions.InvalidStatus):
        websockets.sync.client.connect(url, additional_headers={"Host": "evil.example"}).close()


def test_a_running_server_analyses_as_this_process_does(
    a_context: BrowserContext,
    start_page: StartPage,
    start_server: StartServer,
    exams: dict[str, list[Path]],
    predicted: dict[str, dict[str, Any]],
    tmp_path: Path,
) -> None:
    (tmp_path / "studies").mkdir()
    server = start_server(tmp_path / "studies", model=pretrained_directory())
    page = start_page("--server", server.url)
    with visiting(a_context, page.url) as visitor:
        visitor.drop(*exams["PHANTOM-7"])
        visitor.sees("PHANTOM-7")
        told = {record["sop_instance_uid"]: record for record in json.loads(visitor.takes("Numbers, JSON"))}
    scores = ("exam_score", "pred_score")
    assert {uid: [record[name] for name in scores] for uid, record in told.items()} == {
        uid: [record[name] for name in scores] for uid, record in predicted.items()
    }
    assert server.images() == []
