from collections.abc import Callable

from MammoLensLib.panel.worklist_part import MOST_ROWS

from .exam_server import ExamServer, exam_of
from .reader import Reader


def test_the_most_anomalous_exam_stands_first_and_the_flagged_one_is_bold(a_reader: Reader) -> None:
    a_reader.connect()
    assert a_reader.column("worklistTable", 0) == ["Anna", "Berta", "Clara"]
    assert a_reader.column("worklistTable", 4) == ["0.030", "0.400", ""]
    table = a_reader.ui.worklistTable
    assert [table.item(row, 0).font().bold() for row in range(3)] == [True, False, False]
    assert "97 % of normal exams" in table.item(0, 0).toolTip()
    assert [table.item(0, column).text() for column in (3, 4)] == ["10", "0.030"]


def test_the_four_screening_views_are_one_word_and_others_are_named(a_reader: Reader) -> None:
    a_reader.server.exams[f"e-{1:016x}"]["views"] = ["R CC", "L CC", "R MLO", "L MLO"]
    a_reader.connect()
    assert a_reader.column("worklistTable", 2) == ["all four", "R CC, L CC", "R CC, L CC"]
    assert "R CC, L CC, R MLO, L MLO" in a_reader.ui.worklistTable.item(0, 2).toolTip()


def test_the_filter_keeps_what_holds_its_words(a_reader: Reader) -> None:
    a_reader.connect()
    a_reader.ui.filterEdit.setText("berta")
    assert a_reader.column("worklistTable", 0) == ["Berta"]
    assert a_reader.ui.worklistLabel.text == "1 of 3 exams"
    a_reader.ui.filterEdit.setText("")
    assert a_reader.ui.worklistLabel.text == "3 of 3 exams"


def test_unreviewed_only_hides_what_was_decided_and_is_kept_in_the_scene(a_reader: Reader) -> None:
    a_reader.open_first()
    a_reader.click("normalButton")
    a_reader.ui.unreviewedOnlyBox.click()
    assert a_reader.column("worklistTable", 0) == ["Berta", "Clara"]
    assert a_reader.parameters.unreviewedOnly


def test_reload_shows_what_is_new_and_keeps_the_selection(a_reader: Reader) -> None:
    a_reader.connect()
    a_reader.ui.worklistTable.selectRow(1)
    new = exam_of(4, 0.01, "Dora")
    a_reader.server.exams[new["exam"]] = new
    a_reader.click("reloadButton")
    assert a_reader.column("worklistTable", 0)[0] == "Dora"
    assert a_reader.ui.worklistTable.currentRow() == 2


def test_the_selected_exam_opens_by_the_button_and_shows_its_tab(a_reader: Reader) -> None:
    a_reader.connect()
    assert not a_reader.ui.openButton.isEnabled()
    a_reader.ui.worklistTable.selectRow(1)
    a_reader.click("openButton")
    assert a_reader.scene.exam == f"e-{2:016x}"
    assert a_reader.ui.tabs.currentWidget().objectName == "examTab"


def test_ten_thousand_exams_fill_only_the_rows_that_show_in_a_blink(
    read: Callable[..., Reader], a_server: ExamServer
) -> None:
    one = exam_of(1, 0.5, "Anna")
    a_server.exams = {f"e-{number:016x}": {**one, "exam": f"e-{number:016x}"} for number in range(10_000)}
    reader = read(a_server)
    reader.connect()
    assert reader.ui.worklistTable.rowCount == MOST_ROWS
    assert reader.ui.worklistLabel.text == "10000 of 10000 exams, the first 1000 shown"


def test_an_alarm_stands_above_the_worklist_in_one_calm_sentence(a_reader: Reader) -> None:
    a_reader.connect()
    assert not a_reader.ui.driftLabel.isVisibleTo(a_reader.widget)
    a_reader.server.drift = {"alarm": True, "sentence": "31 of 100 exams come from an <unknown> machine"}
    a_reader.click("reloadButton")
    assert a_reader.ui.driftLabel.isVisibleTo(a_reader.widget)
    assert a_reader.ui.driftLabel.text == "31 of 100 exams come from an &lt;unknown&gt; machine"


def test_an_exam_that_waits_for_a_second_reader_says_so(a_reader: Reader) -> None:
    a_reader.server.exams[f"e-{1:016x}"] |= {"open": True, "readers": ["anna"]}
    a_reader.connect()
    assert a_reader.column("worklistTable", 5)[0] == "open, read by anna"
