from MammoLensLib.errors import ServerError

from .learning_server import NEW, OLD, a_job, a_model, a_verdict
from .reader import Reader


def enter(reader: Reader) -> None:
    """Connect, and look at the tab."""
    reader.connect()
    reader.ui.tabs.setCurrentWidget(reader.ui.learningTab)
    reader.wait()


def test_the_tab_asks_how_it_is_when_it_is_entered(a_reader: Reader) -> None:
    enter(a_reader)
    assert a_reader.ui.learningLabel.text == f"In use: <b>{OLD}</b>, trained on 126 patients."
    assert a_reader.ui.trainingLabel.text.startswith("No training yet.")
    assert a_reader.ui.suspectNormalsLabel.text == "No suspect normals."


def test_a_running_job_is_looked_at_again_by_itself_and_everything_once_it_is_over(a_reader: Reader) -> None:
    enter(a_reader)
    a_reader.click("startTrainingButton")
    learning = a_reader.server.learning
    learning.tell(a_job(1, "done", outcome={"model": NEW, "serves": False, "waits": True, "reason": "not worse"}))
    learning.models_json["models"].insert(0, a_model(NEW, "waits", a_verdict()))
    a_reader.wait(lambda: a_reader.ui.modelsTable.rowCount == 2)
    assert "The train: is done." in a_reader.ui.trainingLabel.text
    assert "Not worse." in a_reader.ui.trainingLabel.text


def test_a_job_that_goes_on_is_asked_for_alone(a_reader: Reader) -> None:
    enter(a_reader)
    a_reader.click("startTrainingButton")
    models = a_reader.server.asked.count("models")
    a_reader.learning.poll()
    a_reader.wait()
    assert a_reader.server.asked.count("models") == models


def test_a_click_while_it_is_looked_at_is_not_lost(a_reader: Reader) -> None:
    enter(a_reader)
    a_reader.click("startTrainingButton")
    a_reader.server.open.clear()
    a_reader.learning.poll()
    a_reader.ui.stopTrainingButton.click()
    a_reader.server.open.set()
    a_reader.wait()
    assert "stop j-1" in a_reader.server.asked


def test_a_server_that_cannot_learn_says_so_and_reading_goes_on(a_reader: Reader) -> None:
    a_reader.connect()
    a_reader.server.trouble = ServerError(
        "https://room.test", "the history is damaged", "restore it from a backup", 500
    )
    a_reader.ui.tabs.setCurrentWidget(a_reader.ui.learningTab)
    a_reader.wait()
    assert "the history is damaged" in a_reader.ui.learningErrorLabel.text
    assert not a_reader.ui.startTrainingButton.isEnabled()
    a_reader.ui.worklistTable.cellDoubleClicked.emit(0, 0)
    a_reader.wait()
    assert a_reader.scene.exam is not None


def test_another_server_has_other_models(a_reader: Reader, read, a_server) -> None:
    enter(a_reader)
    a_reader.session.client = None
    a_reader.panel.update()
    assert not a_reader.ui.startTrainingButton.isEnabled()
