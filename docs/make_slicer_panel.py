"""Draw docs/images/slicer-panel.png and slicer-learning.png: the panel for 3D Slicer before running servers.

    mammolens phantom -n 1 --abnormal 1 -o phantoms
    mammolens serve phantoms --port 8765 &
    mammolens serve SITE --port 8766 &
    python docs/make_slicer_panel.py http://127.0.0.1:8765 http://127.0.0.1:8766

The first one's exams are shown, the last one open, and what the second one, a site with confirmed exams, has learned.

Drawn without a screen by the stand-ins of tests/slicer/stand_in: Slicer's own style differs a little.
"""

import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
MODULE = REPOSITORY / "slicer_module" / "MammoLens"
sys.path[:0] = [str(REPOSITORY / "tests" / "slicer"), str(MODULE)]

from stand_in import install  # noqa: E402

install()

import qt  # noqa: E402
import slicer.util  # noqa: E402
from MammoLensLib.jobs import JobRunner  # noqa: E402
from MammoLensLib.learning import Learning  # noqa: E402
from MammoLensLib.parameters import MammoLensParameters  # noqa: E402
from MammoLensLib.session import Session  # noqa: E402
from MammoLensLib.widget import Panel  # noqa: E402

IMAGES = REPOSITORY / "docs" / "images"
SIZE, GAP = (430, 900), 12  # pixels


class NoScene:
    """The picture is of the panel alone."""

    problems = ()
    count = 0

    def open(self, exam: object) -> None:
        """Images are not drawn."""

    def drawn(self) -> tuple[()]:
        """No region is drawn either."""
        return ()

    def __getattr__(self, name: str) -> object:
        return lambda *_: None


class Address:
    """Settings that start with an address and keep nothing."""

    def __init__(self, url: str) -> None:
        self._url = url

    def value(self, key: str, default: str) -> str:
        """The address, and else what is usual."""
        return self._url if key.endswith("Url") else default

    def setValue(self, key: str, value: str) -> None:  # noqa: N802
        """Nothing is kept."""


class Shown:
    """The panel before one server."""

    def __init__(self, url: str) -> None:
        self.widget = slicer.util.loadUI(str(MODULE / "Resources" / "UI" / "MammoLens.ui"))
        self.ui, self._runner, scene = slicer.util.childWidgetVariables(self.widget), JobRunner(), NoScene()
        self.session = Session(scene, self._runner, lambda fetched, **_: fetched)
        learning = Learning(lambda: self.session.client, self._runner)
        self.panel = Panel(
            self.ui,
            session=self.session,
            learning=learning,
            runner=self._runner,
            scene=scene,
            regions=scene,
            segment=lambda: None,
            settings=Address(url),
            window=self.widget,
        )
        self.panel.use(MammoLensParameters(slicer.vtkMRMLScriptedModuleNode()))
        self.widget.resize(*SIZE)
        self.widget.show()
        self.ui.connectButton.click()
        self.wait()

    def wait(self) -> None:
        """Until nothing is under way."""
        while self._runner.running:
            qt.QApplication.processEvents()
            time.sleep(0.01)
        if self.session.error is not None:
            sys.exit(str(self.session.error))
        qt.QApplication.processEvents()

    def picture(self, tab: object) -> "qt.QImage":
        """Of a tab."""
        self.ui.tabs.setCurrentWidget(tab)
        self.wait()
        for _ in range(3):
            qt.QApplication.processEvents()
        return self.widget.grab().toImage()


def main() -> None:
    """Connect, open an exam, take pictures."""
    exams, learned = sys.argv[1:]
    shown = Shown(exams)
    shown.session.open(shown.session.entries[-1].exam)
    shown.wait()
    shown.ui.findingsTable.selectRow(0)
    pictures = [shown.picture(tab) for tab in (shown.ui.worklistTab, shown.ui.examTab)]
    shown.panel.remove()
    _beside(pictures).save(str(IMAGES / "slicer-panel.png"))
    shown = Shown(learned)
    shown.picture(shown.ui.learningTab).save(str(IMAGES / "slicer-learning.png"))
    shown.panel.remove()


def _beside(pictures: list) -> "qt.QImage":
    width = sum(picture.width() for picture in pictures) + GAP * (len(pictures) - 1)
    made = qt.QImage(width, pictures[0].height(), qt.QImage.Format_RGB32)
    made.fill(qt.QColor("white"))
    painter, left = qt.QPainter(made), 0
    for picture in pictures:
        painter.drawImage(left, 0, picture)
        left += picture.width() + GAP
    painter.end()
    return made


if __name__ == "__main__":
    main()
