from .reader import Reader
from .test_learning_part import enter

EXAM = f"e-{2:016x}"


def test_suspect_normals_say_why_and_open(a_reader: Reader) -> None:
    a_reader.server.learning.exams = [
        {"exam": EXAM, "patient": "Berta", "views": ["R CC", "L CC"], "exam_p_value": 0.004, "reason": "2 of 500 <low>"}
    ]
    enter(a_reader)
    cells = [a_reader.column("suspectNormalsTable", column) for column in range(3)]
    assert cells == [["Berta"], ["R CC, L CC"], ["0.004"]]
    a_reader.ui.suspectNormalsTable.selectRow(0)
    assert a_reader.ui.suspectNormalsLabel.text.endswith("<b>2 of 500 &lt;low&gt;</b>")
    a_reader.ui.suspectNormalsTable.cellDoubleClicked.emit(0, 0)
    a_reader.wait()
    assert a_reader.scene.exam == EXAM
    assert a_reader.ui.tabs.currentWidget().objectName == "examTab"
