"""Draw docs/images/slicer-panel.png: the panel for 3D Slicer beside the worklist of a running server.

    mammolens demo --port 8765 &
    python docs/make_slicer_panel.py http://127.0.0.1:8765

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
from MammoLensLib.fetch import FetchedExam  # noqa: E402
from MammoLensLib.jobs import JobRunner  # noqa: E402
from MammoLensLib.learning import Learning  # noqa: E402
from MammoLensLib.parameters import MammoLensParameters  # noqa: E402
from MammoLensLib.session import Session  # noqa: E402
from MammoLensLib.widget import Panel  # noqa: E402

SIZE, GAP = (430, 900), 12  # pixels


class NoScene:
    """The picture is of the panel alone."""

    problems = ()
    count = 0

    def open(self, fetched: FetchedExam) -> None:
        """Images are not drawn."""

    def __getattr__(self, name: str) -> object:
        return lambda *_: None


class NoSettings:
    """Starts with the address of the command line, keeps nothing."""

    def value(self, key: str, default: str) -> str:
        return sys.argv[1] if key.endswith("Url") else default

    def setValue(self, key: str, value: str) -> None:  # noqa: N802
        """Nothing is kept."""


def main() -> None:
    """Connect, take a picture, open an exam, take another."""
    widget = slicer.util.loadUI(str(MODULE / "Resources" / "UI" / "MammoLens.ui"))
    ui, runner, scene = slicer.util.childWidgetVariables(widget), JobRunner(), NoScene()
    session = Session(scene, runner)
    learning = Learning(lambda: session.client, runner)
    panel = Panel(
        ui,
        session=session,
        learning=learning,
        runner=runner,
        scene=scene,
        regions=scene,
        segment=lambda: None,
        settings=NoSettings(),
        window=widget,
    )
    panel.use(MammoLensParameters(slicer.vtkMRMLScriptedModuleNode()))
    widget.resize(*SIZE)
    widget.show()

    def wait() -> None:
        while runner.running:
            qt.QApplication.processEvents()
            time.sleep(0.01)
        if session.error is not None:
            sys.exit(str(session.error))
        qt.QApplication.processEvents()

    ui.connectButton.click()
    wait()
    session.open(session.entries[0].exam)
    wait()
    ui.findingsTable.selectRow(0)
    pictures = []
    for tab in (ui.worklistTab, ui.examTab):
        ui.tabs.setCurrentWidget(tab)
        for _ in range(3):
            qt.QApplication.processEvents()
        pictures.append(widget.grab().toImage())
    panel.remove()
    _beside(pictures).save(str(REPOSITORY / "docs" / "images" / "slicer-panel.png"))


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
