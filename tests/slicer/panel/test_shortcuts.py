import pytest
import qt
from PySide6 import QtTest

from .reader import Reader

FIRST = f"e-{1:016x}"


@pytest.fixture
def a_reader_at_the_keys(a_reader: Reader) -> Reader:
    """An open exam in a window that has the focus."""
    a_reader.widget.show()
    a_reader.widget.activateWindow()
    a_reader.open_first()
    a_reader.panel.enter()
    a_reader.ui.findingsTable.setFocus()
    a_reader.process()
    return a_reader


def press(reader: Reader, key: int) -> None:
    QtTest.QTest.keyClick(qt.QApplication.focusWidget() or reader.widget, key)
    reader.wait()


@pytest.mark.parametrize(
    ("key", "verdict"), [(qt.Qt.Key_C, "normal"), (qt.Qt.Key_M, "finding"), (qt.Qt.Key_Q, "poor_quality")]
)
def test_a_key_decides(a_reader_at_the_keys: Reader, key: int, verdict: str) -> None:
    press(a_reader_at_the_keys, key)
    assert a_reader_at_the_keys.server.exams[FIRST]["verdict"] == verdict


def test_keys_switch_heat_draw_undo_and_go_on(a_reader_at_the_keys: Reader) -> None:
    reader = a_reader_at_the_keys
    press(reader, qt.Qt.Key_H)
    assert reader.scene.heat[0] is False
    press(reader, qt.Qt.Key_D)
    assert reader.regions.count == 1
    press(reader, qt.Qt.Key_C)
    press(reader, qt.Qt.Key_U)
    assert reader.server.exams[FIRST]["decisions"][0]["undone"]
    press(reader, qt.Qt.Key_N)
    assert reader.scene.exam == f"e-{2:016x}"


def test_letters_in_the_comment_are_letters(a_reader_at_the_keys: Reader) -> None:
    reader = a_reader_at_the_keys
    reader.ui.commentEdit.setFocus()
    press(reader, qt.Qt.Key_C)
    assert reader.ui.commentEdit.plainText == "c"
    assert not reader.server.exams[FIRST]["decisions"]


def test_another_module_has_its_keys_for_itself(a_reader_at_the_keys: Reader) -> None:
    a_reader_at_the_keys.panel.exit()
    press(a_reader_at_the_keys, qt.Qt.Key_C)
    assert not a_reader_at_the_keys.server.exams[FIRST]["decisions"]
