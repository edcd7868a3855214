"""MammoLens.py as Slicer calls it, on a real scene."""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import qt
import slicer
from MammoLensLib import assembly

from .exam_server import ExamServer
from .reader import MODULE


@pytest.fixture
def a_scene(a_core: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the modules find as ``slicer.mrmlScene``."""
    segmentations = SimpleNamespace(logic=lambda: a_core.segmentations)
    monkeypatch.setattr(slicer, "mrmlScene", a_core.scene, raising=False)
    monkeypatch.setattr(slicer, "modules", SimpleNamespace(segmentations=segmentations), raising=False)
    return a_core.scene


@pytest.fixture
def a_module(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module's file, imported from its folder as 'Additional module paths' does."""
    monkeypatch.delitem(sys.modules, "MammoLens", raising=False)
    return importlib.import_module("MammoLens")


@pytest.fixture
def a_widget(
    a_scene: Any, a_module: Any, a_server: ExamServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Any]:
    session = assembly.Session
    monkeypatch.setattr(assembly, "Session", lambda *given, **named: session(*given, connect=a_server, **named))
    monkeypatch.setattr(slicer.util, "mainWindow", lambda: None)
    qt.QSettings.setPath(qt.QSettings.NativeFormat, qt.QSettings.UserScope, str(tmp_path))
    parent = qt.QWidget()
    parent.setLayout(qt.QVBoxLayout())
    widget = a_module.MammoLensWidget(parent)
    widget.setup()
    yield widget
    widget.cleanup()
    parent.deleteLater()


def test_the_module_introduces_itself_and_says_what_it_is_not(a_module: Any) -> None:
    parent = SimpleNamespace()
    a_module.MammoLens(parent)
    assert parent.title == "MammoLens"
    assert "Research use only, not a medical device." in parent.helpText
    assert parent.dependencies == []


def test_the_panel_stands_in_the_place_that_slicer_lends(a_widget: Any) -> None:
    a_widget.enter()
    assert a_widget.layout.count() == 1
    assert a_widget.panel is not None


def test_the_settings_live_in_the_scene(a_scene: Any, a_widget: Any) -> None:
    a_widget.parameters.opacity = 35.0
    node = a_scene.GetSingletonNode("MammoLens", "vtkMRMLScriptedModuleNode")
    assert node.GetParameter("opacity") == "35.0"
    assert a_widget.panel._ui.opacitySlider.value == 35


def test_closing_the_scene_puts_the_exam_away_and_starts_with_new_settings(a_scene: Any, a_widget: Any) -> None:
    a_widget.parameters.opacity = 35.0
    a_scene.Clear(False)
    assert a_widget.session.detail is None
    assert a_widget.parameters.parameterNode.GetScene() is a_scene
    a_widget.parameters.showHeat = False
    assert not a_widget.panel._ui.showHeatBox.checked


def test_reloading_takes_the_library_anew(a_widget: Any) -> None:
    library = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "MammoLensLib"}
    a_widget.onReload()
    try:
        assert not [name for name in sys.modules if name.startswith("MammoLensLib")]
        assert a_widget.reloaded
    finally:
        sys.modules.update(library)


def test_nothing_of_mammolens_itself_and_no_third_party_package_is_imported() -> None:
    allowed = sys.stdlib_module_names | {
        "MammoLensLib",
        "ctk",
        "numpy",
        "qt",
        "pydicom",
        "slicer",
        "vtk",
    }  # what Slicer ships
    for file in [MODULE / "MammoLens.py", *MODULE.glob("MammoLensLib/**/*.py")]:
        for line in file.read_text().splitlines():
            words = line.split()
            if words[:1] in (["import"], ["from"]) and not words[1].startswith("."):
                assert words[1].partition(".")[0] in allowed, f"{file}: {line}"


IN_THREADS = "answers client errors exchange fetch jobs learning parsing requester session transport worklist"


@pytest.mark.parametrize("name", IN_THREADS.split())
def test_what_works_in_threads_knows_neither_qt_nor_slicer(name: str) -> None:
    source = (MODULE / "MammoLensLib" / f"{name}.py").read_text()
    assert not [line for line in source.splitlines() if line.startswith(("import qt", "import slicer", "from slicer"))]


def test_cmake_packs_every_file() -> None:
    listed = (MODULE / "CMakeLists.txt").read_text().replace("${MODULE_NAME}", "MammoLens").split()
    files = [*MODULE.glob("*.py"), *MODULE.glob("MammoLensLib/**/*.py"), *MODULE.glob("Testing/*.py")]
    files += [file for file in MODULE.glob("Resources/**/*") if file.is_file()]
    missing = [str(file.relative_to(MODULE)) for file in files if str(file.relative_to(MODULE)) not in listed]
    assert not missing
    assert all(Path(MODULE / name).is_file() for name in listed if name.endswith((".py", ".png", ".svg", ".ui")))


def test_the_entry_for_the_extensions_index_has_what_it_asks_for() -> None:
    entry = json.loads((MODULE.parent / "MammoLens.json").read_text())
    assert {"$schema", "category", "scm_url"} <= set(entry)
    description = (MODULE.parent / "CMakeLists.txt").read_text()
    assert f'set(EXTENSION_CATEGORY "{entry["category"]}")' in description
    assert f'set(REPOSITORY "{entry["scm_url"].removesuffix(".git")}")' in description
    assert "Research use only, not a medical device" in description
