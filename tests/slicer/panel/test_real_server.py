"""The module as a person uses it: the panel on a real scene, before a real server over a folder of phantoms."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import qt
import slicer
import vtk
from MammoLens import MammoLensWidget
from MammoLensLib.volumes import grid_in_world

from mammolens.datasets.phantom_dataset import write_phantom_dataset

from ...integration.conftest import Server, StartServer, a_small_model, start_server  # noqa: F401
from .reader import wait_until

pytestmark = pytest.mark.integration
SQUARE = ((40.0, 60.0), (80.0, 60.0), (80.0, 100.0), (40.0, 100.0))


@pytest.fixture(scope="module")
def a_server(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Server:  # noqa: F811
    """A server over two exams of four views."""
    folder = tmp_path_factory.mktemp("studies")
    write_phantom_dataset(folder, normals=2, abnormals=0, rows=192, columns=160, spacing=(1.25, 1.25))
    return start_server(folder)


class ExamDisplay:
    """Slicer with the module open, and a person who clicks."""

    def __init__(self, scene: Any, widget: MammoLensWidget) -> None:
        self.scene, self.widget, self.session = scene, widget, widget.session
        self.ui = widget.panel._ui

    def click(self, name: str) -> None:
        button = getattr(self.ui, name)
        assert button.isEnabled(), f"{name} cannot be clicked"
        button.click()
        self.wait()

    def wait(self) -> None:
        wait_until(lambda: self.session.busy is None)

    def open(self, server: Server, row: int = 0) -> None:
        self.ui.urlEdit.setText(server.url)
        self.click("connectButton")
        self.ui.worklistTable.cellDoubleClicked.emit(row, 0)
        self.wait()
        assert self.session.error is None

    def draw(self, image: str) -> None:
        """A square, clicked into the view of an image."""
        shown = self.widget.panel._decision._regions._shown
        self.click("drawRegionButton")
        selection = self.scene.GetNodeByID("vtkMRMLSelectionNodeSingleton")
        curve = self.scene.GetNodeByID(selection.GetActivePlaceNodeID())
        crosshair = self.scene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
        crosshair.SetCursorPositionXYZ([1.0, 1.0, 0.0], shown.slice_node_of(image))
        for ras in grid_in_world(shown.volume_of(image)).ras(SQUARE):
            curve.AddControlPointWorld(vtk.vtkVector3d(*ras))
        qt.QApplication.processEvents()


@pytest.fixture
def a_desk(a_core: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ExamDisplay]:
    a_core.scene.AddNode(slicer.vtkMRMLCrosshairNode())
    segmentations = SimpleNamespace(logic=lambda: a_core.segmentations)
    monkeypatch.setattr(slicer, "mrmlScene", a_core.scene, raising=False)
    monkeypatch.setattr(slicer, "modules", SimpleNamespace(segmentations=segmentations), raising=False)
    monkeypatch.setattr(slicer.util, "mainWindow", lambda: None)
    qt.QSettings.setPath(qt.QSettings.NativeFormat, qt.QSettings.UserScope, str(tmp_path))
    parent = qt.QWidget()
    parent.setLayout(qt.QVBoxLayout())
    widget = MammoLensWidget(parent)
    widget.setup()
    yield ExamDisplay(a_core.scene, widget)
    widget.cleanup()
    parent.deleteLater()


def test_an_exam_is_analysed_shown_and_decided_with_a_region(a_server: Server, a_desk: ExamDisplay) -> None:
    a_desk.open(a_server)
    detail = a_desk.session.detail
    assert a_desk.session.problems == ()
    assert detail.entry.state == "done"
    volumes = a_desk.scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    assert volumes == 8  # four images, four heatmaps
    image = detail.entry.images[1]
    a_desk.draw(image)
    types, categories = (a_desk.ui.regionsTable.cellWidget(0, column) for column in (1, 2))
    types.setCurrentIndex(types.findData("mass"))
    categories.setCurrentIndex(categories.findData("4A"))
    a_desk.ui.commentEdit.setPlainText("behind the nipple")
    a_desk.click("findingButton")
    told = a_server.get(f"/mammolens/exams/{detail.exam}").json()["decisions"][-1]
    assert (told["verdict"], told["comment"]) == ("finding", "behind the nipple")
    (region,) = told["regions"]
    assert (region["image"], region["finding_type"], region["birads"]) == (image, "mass", "4A")
    assert np.mean(region["points"], axis=0) == pytest.approx([60, 80], abs=1)
    a_desk.click("undoButton")
    assert a_desk.ui.commentEdit.plainText == "behind the nipple"
    assert a_server.get(f"/mammolens/exams/{detail.exam}").json()["verdict"] is None


def test_heat_levels_become_segmentations_on_request(a_server: Server, a_desk: ExamDisplay) -> None:
    a_desk.open(a_server)
    a_desk.click("segmentationButton")
    assert a_desk.session.error is None
    assert a_desk.scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 4


def test_the_next_exam_takes_the_place_of_the_first(a_server: Server, a_desk: ExamDisplay) -> None:
    a_desk.open(a_server)
    first = a_desk.session.detail.exam
    a_desk.click("nextButton")
    assert a_desk.session.detail.exam != first
    assert a_desk.scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 8


def test_a_training_without_enough_normals_says_what_to_do(a_server: Server, a_desk: ExamDisplay) -> None:
    a_desk.open(a_server)
    a_desk.ui.tabs.setCurrentWidget(a_desk.ui.learningTab)
    learning = a_desk.widget.panel._learning
    wait_until(lambda: learning.state is not None)
    assert a_desk.ui.learningLabel.text.startswith("In use: <b>")
    a_desk.ui.startTrainingButton.click()
    wait_until(lambda: "failed" in a_desk.ui.trainingLabel.text)
    assert "normal" in a_desk.ui.trainingLabel.text
    assert a_desk.ui.resumeTrainingButton.isEnabled()


def test_a_server_that_goes_leaves_the_exam_on_the_screen(a_server: Server, a_desk: ExamDisplay) -> None:
    a_desk.open(a_server)
    first, nodes = a_desk.session.detail.exam, a_desk.scene.GetNumberOfNodes()
    a_server.stop()
    a_desk.click("nextButton")
    assert a_desk.ui.messageLabel.isVisibleTo(a_desk.widget.parent)
    assert a_desk.session.detail.exam == first
    assert a_desk.scene.GetNumberOfNodes() == nodes
