import pytest

from .learning_server import NEW, OLD, a_model, a_verdict
from .reader import Reader
from .test_learning_part import enter


@pytest.fixture
def a_waiting_model(a_reader: Reader) -> Reader:
    """A reader before a new model that waits for a person."""
    a_reader.server.learning.models_json["models"].insert(0, a_model(NEW, "waits", a_verdict()))
    enter(a_reader)
    return a_reader


def test_old_figures_stand_beside_new_ones_in_words(a_waiting_model: Reader) -> None:
    assert a_waiting_model.column("modelsTable", 1) == ["is waits", "is serving"]
    assert a_waiting_model.ui.verdictLabel.text == "Not worse than the serving model beyond the margins."
    names, old, new, how = (a_waiting_model.column("figuresTable", column) for column in range(4))
    assert names[1:] == ["Normal patients flagged", "Detects synthetic lesions"]
    assert old == ["", "8 %", "0.900"]
    assert new == ["24", "12 %", "0.912"]
    assert how == ["passed"] * 3
    assert a_waiting_model.ui.figuresTable.item(1, 0).toolTip() == "The sentence of realised_rate."


def test_a_model_that_waits_is_accepted(a_waiting_model: Reader) -> None:
    assert a_waiting_model.ui.acceptButton.text == "Accept"
    a_waiting_model.click("acceptButton")
    assert f"accept {NEW}: " in a_waiting_model.server.asked
    assert NEW in a_waiting_model.ui.learningLabel.text
    assert a_waiting_model.column("modelsTable", 1) == ["is serving", "is former"]
    assert not a_waiting_model.ui.acceptButton.isEnabled()


def test_or_the_old_one_is_kept(a_waiting_model: Reader) -> None:
    a_waiting_model.ui.whyEdit.setText("too many marks")
    a_waiting_model.click("keepButton")
    assert f"keep old, not {NEW}: too many marks" in a_waiting_model.server.asked
    assert a_waiting_model.ui.whyEdit.text == ""
    assert a_waiting_model.column("modelsTable", 1) == ["is refused", "is serving"]
    assert not a_waiting_model.ui.keepButton.isEnabled()


@pytest.mark.parametrize("passed", [False, True], ids=["refused", "compared with another model"])
def test_what_the_gate_did_not_let_pass_serves_only_with_a_reason(a_reader: Reader, passed: bool) -> None:
    new = {**a_model(NEW, "refused", a_verdict(passed)), "needs_reason": True}
    a_reader.server.learning.models_json["models"].insert(0, new)
    enter(a_reader)
    assert a_reader.ui.acceptButton.text == "Use anyway"
    assert not a_reader.ui.acceptButton.isEnabled()
    assert a_reader.ui.figuresTable.item(1, 3).font().bold() == (not passed)
    a_reader.ui.whyEdit.setText("the old one is blind on machine 2")
    a_reader.click("acceptButton")
    assert f"accept {NEW}: the old one is blind on machine 2" in a_reader.server.asked


def test_going_back_needs_a_reason(a_reader: Reader) -> None:
    learning = a_reader.server.learning
    learning.models_json = {
        "serving": NEW,
        "can_roll_back": True,
        "models": [a_model(NEW, "serving", a_verdict()), a_model(OLD, "former")],
        "history": [],
    }
    enter(a_reader)
    assert not a_reader.ui.rollBackButton.isEnabled()
    a_reader.ui.whyEdit.setText("it flags implants")
    a_reader.click("rollBackButton")
    assert "roll back: it flags implants" in a_reader.server.asked
    assert OLD in a_reader.ui.learningLabel.text


def test_behind_the_model_that_came_with_the_server_there_is_none(a_reader: Reader) -> None:
    a_reader.server.learning.models_json["can_roll_back"] = False
    enter(a_reader)
    a_reader.ui.whyEdit.setText("why not")
    assert not a_reader.ui.rollBackButton.isEnabled()
    assert a_reader.ui.verdictLabel.text == "Not compared with another model."
    assert not a_reader.ui.figuresTable.isVisibleTo(a_reader.widget)


def test_the_chosen_model_stays_chosen_while_it_is_looked_at_again(a_waiting_model: Reader) -> None:
    a_waiting_model.ui.modelsTable.selectRow(1)
    a_waiting_model.learning.refresh()
    a_waiting_model.wait()
    assert a_waiting_model.ui.modelsTable.currentRow() == 1
