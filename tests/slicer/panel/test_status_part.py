from MammoLensLib import RESEARCH_USE_ONLY
from MammoLensLib.errors import ServerError

from .reader import Reader


def test_the_notice_stands_outside_of_the_tabs_and_is_never_hidden(a_reader: Reader) -> None:
    ui = a_reader.ui
    assert ui.noticeLabel.text == RESEARCH_USE_ONLY == "Research use only, not a medical device"
    assert not ui.tabs.isAncestorOf(ui.noticeLabel)
    for index in range(ui.tabs.count):
        ui.tabs.setCurrentIndex(index)
        assert ui.noticeLabel.isVisibleTo(a_reader.widget)


def test_an_error_is_shown_with_its_remedy_until_the_next_request(a_reader: Reader) -> None:
    a_reader.server.trouble = ServerError("https://room.test", "does not answer", "check that the server runs")
    a_reader.connect()
    assert a_reader.ui.messageLabel.isVisibleTo(a_reader.widget)
    assert "does not answer" in a_reader.ui.messageLabel.text
    assert "Check that the server runs." in a_reader.ui.messageLabel.text
    a_reader.connect()
    assert not a_reader.ui.messageLabel.isVisibleTo(a_reader.widget)


def test_what_the_server_says_is_never_taken_for_html(a_reader: Reader) -> None:
    a_reader.server.trouble = ServerError("<img src=x>", "<b>bad</b>", "a < b")
    a_reader.connect()
    assert "&lt;img src=x&gt;" in a_reader.ui.messageLabel.text
    assert "<b>bad" not in a_reader.ui.messageLabel.text


def test_progress_can_be_seen_and_cancelled_while_something_is_under_way(a_reader: Reader) -> None:
    a_reader.connect()
    a_reader.server.open.clear()  # the server takes its time from now on
    a_reader.ui.reloadButton.click()
    assert a_reader.ui.cancelButton.isVisibleTo(a_reader.widget)
    assert "Reading the worklist" in a_reader.ui.busyLabel.text
    a_reader.click("cancelButton")
    assert not a_reader.ui.cancelButton.isVisibleTo(a_reader.widget)
    assert not a_reader.ui.messageLabel.isVisibleTo(a_reader.widget)  # that was not an error
    assert len(a_reader.session.entries) == 3
