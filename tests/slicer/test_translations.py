"""The module's texts in other languages, as Slicer looks them up."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2] / "slicer_module"
FILES = sorted((ROOT / "Translations").glob("MammoLens_*.ts"))


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    """slicer_module/update_translations.py."""
    found = importlib.util.spec_from_file_location("update_translations", ROOT / "update_translations.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_files_have_the_texts_of_today(tool: ModuleType, file: Path) -> None:
    now = tool.written(file.stem.partition("_")[2], tool.translations(file))
    assert file.read_text(encoding="utf-8") == now, "run python slicer_module/update_translations.py"


def test_german_is_whole_and_keeps_placeholders(tool: ModuleType) -> None:
    known = tool.translations(ROOT / "Translations" / "MammoLens_de-DE.ts")
    assert len(known) > 150
    for (_, text), translated in known.items():
        assert translated, f"{text!r} is not translated"
        assert set(re.findall(r"\{[^}]*\}", text)) == set(re.findall(r"\{[^}]*\}", translated)), text


def test_qt_finds_them_by_the_contexts_that_slicer_uses(tmp_path: Path) -> None:
    core = pytest.importorskip("PySide6.QtCore", reason="needs PySide6: pip install -r requirements/slicer-dev.txt")
    release = Path(sys.executable).parent / "pyside6-lrelease"
    file = ROOT / "Translations" / "MammoLens_de-DE.ts"
    subprocess.run([release, file, "-qm", tmp_path / "de.qm"], check=True, capture_output=True)
    translator = core.QTranslator()
    assert translator.load(str(tmp_path / "de.qm"))
    assert translator.translate("panel.words", "Not reviewed.") == "Nicht befundet."
    assert translator.translate("MammoLens", "Confirm normal") == "Normal bestätigen"  # of the form
    assert translator.translate("MammoLens", "Research use only, not a medical device").startswith(
        "Nur für die Forschung"
    )


def test_a_text_that_no_tool_can_find_is_refused(tool: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "part.py").write_text("label.setText(_(words))")
    with pytest.raises(ValueError, match=r"part.py:1: _\(\) needs a literal"):
        list(tool._of_source(tmp_path / "part.py"))
