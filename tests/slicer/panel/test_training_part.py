from MammoLensLib.errors import ServerError

from .learning_server import PROGRESS, a_job
from .reader import Reader
from .test_learning_part import enter


def test_a_training_starts_with_what_was_chosen_and_shows_its_progress(a_reader: Reader) -> None:
    enter(a_reader)
    a_reader.ui.epochsBox.setValue(7)
    a_reader.ui.fromScratchBox.click()
    a_reader.ui.askBox.click()
    a_reader.click("startTrainingButton")
    assert a_reader.server.learning.wanted == {"kind": "train", "epochs": 7, "from_scratch": True, "ask": True}
    assert a_reader.ui.trainingBar.value == 25
    assert a_reader.ui.trainingLabel.text == "The train: is running.<br>Training: epoch 5 of 20, about 4 minutes left."


def test_epochs_left_alone_are_the_serving_models(a_reader: Reader) -> None:
    enter(a_reader)
    assert a_reader.ui.epochsBox.text == "as the model in use"
    a_reader.click("startTrainingButton")
    assert a_reader.server.learning.wanted == {"kind": "train", "from_scratch": False, "ask": False}


def test_the_model_can_be_calibrated_anew_without_learning(a_reader: Reader) -> None:
    enter(a_reader)
    a_reader.click("recalibrateButton")
    assert a_reader.server.learning.wanted == {"kind": "recalibrate", "ask": False}
    assert a_reader.ui.trainingLabel.text.startswith("The recalibrate: is running.")


def test_a_training_can_be_stopped_and_goes_on_later(a_reader: Reader) -> None:
    enter(a_reader)
    a_reader.click("startTrainingButton")
    assert not a_reader.ui.resumeTrainingButton.isEnabled()
    a_reader.click("stopTrainingButton")
    assert a_reader.ui.trainingLabel.text == "The train: is stopped."
    assert not a_reader.ui.stopTrainingButton.isEnabled()
    a_reader.click("resumeTrainingButton")
    assert "resume j-1" in a_reader.server.asked
    assert a_reader.ui.trainingBar.isVisibleTo(a_reader.widget)


def test_what_waits_for_its_turn_is_told(a_reader: Reader) -> None:
    a_reader.server.learning.tell(a_job(3, "queued"), a_job(2, "queued"), a_job(1, "running", progress=PROGRESS))
    enter(a_reader)
    assert "Queued behind it: 2." in a_reader.ui.trainingLabel.text


def test_too_few_patients_are_told_with_the_remedy(a_reader: Reader) -> None:
    enter(a_reader)
    a_reader.server.trouble = ServerError("training", "1 patient was confirmed normal", "confirm two more", 409)
    a_reader.click("startTrainingButton")
    assert "Confirm two more." in a_reader.ui.learningErrorLabel.text
    assert a_reader.ui.startTrainingButton.isEnabled()


def test_a_job_that_failed_says_why(a_reader: Reader) -> None:
    a_reader.server.learning.tell(a_job(1, "failed", state_label="failed: the disk is full; make room"))
    enter(a_reader)
    assert a_reader.ui.trainingLabel.text == "The train: failed: the disk is full; make room."
