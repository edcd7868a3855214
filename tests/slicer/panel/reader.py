"""The panel and everything it works with, and a person who clicks; the scene only notes what it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import qt
import slicer.util
from MammoLensLib.answers import Finding, Region, View
from MammoLensLib.comparison import Comparison
from MammoLensLib.errors import SceneError
from MammoLensLib.fetch import FetchedExam
from MammoLensLib.jobs import CancelToken, JobRunner, OnProgress
from MammoLensLib.learning import Learning
from MammoLensLib.markups import DrawnRegion
from MammoLensLib.parameters import MammoLensParameters
from MammoLensLib.session import Session
from MammoLensLib.widget import Panel

from ...patience import until
from .exam_server import SQUARE, ExamServer

MODULE = Path(__file__).parents[3] / "slicer_module" / "MammoLens"


def wait_until(done: Callable[[], bool]) -> None:
    """Let Qt's events happen, as they do in Slicer, until it is so."""
    until(done, meanwhile=qt.QApplication.processEvents)
    qt.QApplication.processEvents()


class ASettings(dict[str, str]):
    """QSettings in memory."""

    def value(self, key: str, default: str) -> str:
        return self.get(key, default)

    def setValue(self, key: str, value: str) -> None:  # noqa: N802
        self[key] = value


class AScene:
    """Notes what it shows."""

    def __init__(self) -> None:
        self.exam: str | None = None
        self.prior: dict[str, str] = {}
        self.comparison = Comparison.CURRENT
        self.heat: tuple[bool, float, float | None] | None = None
        self.finding: tuple[str, int] | None = None
        self.broken = False
        self.problems: tuple[str, ...] = ()

    def read(self, fetched: FetchedExam, *, progress: OnProgress, cancelled: CancelToken) -> FetchedExam:
        assert threading.current_thread() is not threading.main_thread(), "reading images would freeze Slicer"
        assert all(view.image.is_file() for view in fetched.views)
        self.files = [view.image for view in fetched.views]
        return fetched

    def open(self, exam: FetchedExam) -> None:
        if self.broken:
            raise SceneError("R CC", "the image cannot be shown", "open the exam again")
        self.exam = exam.detail.exam

    def add_prior(self, exam: FetchedExam, pairs: Mapping[str, str]) -> tuple[str, ...]:
        self.prior = {one.view.name: pairs[one.view.image] for one in exam.views}
        return ()

    def compare(self, comparison: Comparison) -> None:
        self.comparison = comparison

    def close(self) -> None:
        self.exam = None

    forget = close

    def set_heat(self, on: bool, opacity: float, threshold: float | None) -> None:
        self.heat = on, opacity, threshold

    def show_finding(self, image: str, rank: int) -> None:
        if self.broken:
            raise SceneError("R CC", "is under a non-linear transform", "remove the transform")
        self.finding = image, rank


class SomeRegions:
    """Regions without a scene."""

    def __init__(self) -> None:
        self.changed: Callable[[], None] = lambda: None
        self.images: list[str] = []
        self.assessed: dict[str, tuple[str | None, str | None]] = {}

    @property
    def count(self) -> int:
        return len(self.images)

    def draw(self) -> None:
        self._add("image1-rcc")

    def adjust(self, view: View, finding: Finding) -> None:
        self._add(view.image)

    def drawn(self) -> tuple[DrawnRegion, ...]:
        keys = [f"region {number}" for number in range(self.count)]
        return tuple(
            DrawnRegion(key, image, *self.assessed.get(key, ())) for key, image in zip(keys, self.images, strict=True)
        )

    def assess(self, key: str, finding_type: str | None, birads: str | None) -> None:
        self.assessed[key] = finding_type, birads

    def remove_last(self) -> None:
        self.images.pop()
        self.changed()

    def clear(self) -> None:
        self.images = []
        self.changed()

    def regions(self) -> tuple[Region, ...]:
        points = tuple(map(tuple, SQUARE))
        return tuple(Region(one.image, points, one.finding_type, one.birads) for one in self.drawn())

    def _add(self, image: str) -> None:
        self.images.append(image)
        self.changed()


class Reader:
    """The panel and everything it works with, and a person who clicks."""

    def __init__(self, server: ExamServer, settings: ASettings | None = None) -> None:
        self.server, self.scene, self.regions = server, AScene(), SomeRegions()
        self.settings = ASettings() if settings is None else settings
        self.segmented = 0
        self.widget = slicer.util.loadUI(str(MODULE / "Resources" / "UI" / "MammoLens.ui"))
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self.runner = JobRunner()
        self.session = Session(self.scene, self.runner, self.scene.read, connect=server)
        self.learning = Learning(lambda: self.session.client, self.runner)
        self.panel = Panel(
            self.ui,
            session=self.session,
            learning=self.learning,
            runner=self.runner,
            scene=self.scene,
            regions=self.regions,
            segment=self._segment,
            settings=self.settings,
            window=self.widget,
        )
        self.node = slicer.vtkMRMLScriptedModuleNode()
        self.parameters = MammoLensParameters(self.node)
        self.panel.use(self.parameters)
        self._tag = self.parameters.AddObserver("ModifiedEvent", lambda *_: self.panel.parameters_changed())
        self.process = qt.QApplication.processEvents

    def wait(self, until: Callable[[], bool] | None = None) -> None:
        """Let events happen until nothing is under way, or until what is waited for."""
        wait_until(until or (lambda: not self.runner.running))

    def click(self, name: str) -> None:
        """Click a button that can be clicked, and wait for what comes of it."""
        button = getattr(self.ui, name)
        assert button.isEnabled(), f"{name} cannot be clicked"
        button.click()
        self.wait()

    def connect(self) -> None:
        self.click("connectButton")

    def open_first(self) -> None:
        """Connect, and open the first exam of the worklist."""
        self.connect()
        self.ui.worklistTable.cellDoubleClicked.emit(0, 0)
        self.wait()

    def column(self, table: str, column: int) -> list[str]:
        """Texts of a table's column."""
        widget = getattr(self.ui, table)
        return [widget.item(row, column).text() for row in range(widget.rowCount)]

    def close(self) -> None:
        self.server.open.set()
        self.parameters.RemoveObserver(self._tag)
        self.panel.remove()
        self.wait()
        self.widget.deleteLater()

    def _segment(self) -> None:
        self.segmented += 1
