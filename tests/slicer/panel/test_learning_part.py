from MammoLensLib.errors import ServerError
from MammoLensLib.training import TrainStatus

from .reader import Reader


def enter(reader: Reader) -> None:
    reader.connect()
    reader.ui.tabs.setCurrentWidget(reader.ui.learningTab)
    reader.wait()


def test_the_tab_asks_how_it_is_when_it_is_entered(a_reader: Reader) -> None:
    enter(a_reader)
    assert a_reader.ui.trainingLabel.text == "No training was started yet."
    assert a_reader.column("figuresTable", 2) == ["old-model", "126", "20"]
    assert not a_reader.ui.stopTrainingButton.isEnabled()


def test_a_training_starts_with_what_was_chosen_and_shows_its_progress(a_reader: Reader) -> None:
    enter(a_reader)
    a_reader.ui.epochsBox.setValue(7)
    a_reader.ui.fromScratchBox.click()
    a_reader.click("startTrainingButton")
    assert a_reader.room.wanted == {"epochs": 7, "from_scratch": True}
    assert a_reader.ui.trainingBar.value == 25
    assert "epoch 5/20" in a_reader.ui.trainingLabel.text
    assert not a_reader.ui.startTrainingButton.isEnabled()
    assert a_reader.column("figuresTable", 1) == ["", "", ""]  # the same model serves


def test_epochs_left_alone_are_the_serving_models(a_reader: Reader) -> None:
    enter(a_reader)
    assert a_reader.ui.epochsBox.text == "as the serving model"
    a_reader.click("startTrainingButton")
    assert a_reader.room.wanted == {"from_scratch": False}


def test_a_training_can_be_stopped(a_reader: Reader) -> None:
    enter(a_reader)
    a_reader.click("startTrainingButton")
    a_reader.click("stopTrainingButton")
    assert a_reader.ui.trainingLabel.text == "Stopped; the model before it goes on serving."
    assert a_reader.ui.startTrainingButton.isEnabled()


def test_old_figures_stand_beside_the_new_ones_when_another_model_serves(a_reader: Reader) -> None:
    enter(a_reader)
    a_reader.click("startTrainingButton")
    a_reader.room.training = TrainStatus("DONE")
    a_reader.room.record = {
        "model": "new-model",
        "epochs": 7,
        "best_epoch": 2,
        "validation_errors": [0.5, 0.25, 0.3],
        "patients": {"train": 130},
    }
    a_reader.learning.look()
    a_reader.wait()
    assert "the new model serves" in a_reader.ui.trainingLabel.text
    assert a_reader.column("figuresTable", 1) == ["old-model", "126", "20", ""]
    assert a_reader.column("figuresTable", 2) == ["new-model", "130", "7", "0.25"]


def test_a_running_training_is_looked_at_again_by_itself(a_reader: Reader) -> None:
    enter(a_reader)
    a_reader.click("startTrainingButton")
    a_reader.room.training = TrainStatus("DONE")
    a_reader.wait(lambda: "the new model serves" in a_reader.ui.trainingLabel.text)


def test_too_few_patients_are_told_with_the_remedy(a_reader: Reader) -> None:
    enter(a_reader)
    a_reader.room.trouble = ServerError("training", "1 patient was confirmed normal", "confirm two more", 409)
    a_reader.click("startTrainingButton")
    assert "Confirm two more." in a_reader.ui.trainingLabel.text
    assert a_reader.ui.startTrainingButton.isEnabled()
