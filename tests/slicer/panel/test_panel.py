"""The panel as a whole: it never waits, and what fails leaves everything as it was."""

import threading
from pathlib import Path

import pytest
from MammoLensLib import fetch
from MammoLensLib.errors import ServerError

from ...patience import PATIENCE_S
from .reader import Reader

FIRST, SECOND = f"e-{1:016x}", f"e-{2:016x}"


def test_a_slow_server_does_not_hold_up_the_panel(a_reader: Reader) -> None:
    a_reader.connect()
    a_reader.server.open.clear()
    a_reader.ui.worklistTable.cellDoubleClicked.emit(0, 0)
    a_reader.process()
    assert a_reader.session.busy is not None
    a_reader.ui.filterEdit.setText("clara")  # it still answers
    assert a_reader.ui.worklistTable.rowCount == 1
    a_reader.server.open.set()
    a_reader.wait()
    assert a_reader.scene.exam == FIRST


def test_only_one_thing_is_asked_at_a_time(a_reader: Reader) -> None:
    a_reader.connect()
    a_reader.server.open.clear()
    a_reader.ui.worklistTable.cellDoubleClicked.emit(0, 0)
    a_reader.ui.worklistTable.cellDoubleClicked.emit(1, 0)
    a_reader.server.open.set()
    a_reader.wait()
    assert a_reader.scene.exam == FIRST
    assert a_reader.server.asked.count("infer") == 1


def test_a_server_that_goes_while_the_next_exam_opens_leaves_the_first_on_the_screen(a_reader: Reader) -> None:
    a_reader.open_first()
    a_reader.server.open.clear()
    a_reader.ui.nextButton.click()
    a_reader.server.trouble = ServerError("https://room.test", "the connection was cut", "open the exam again")
    a_reader.server.open.set()
    a_reader.wait()
    assert a_reader.scene.exam == FIRST
    assert a_reader.session.detail.exam == FIRST
    assert "the connection was cut" in a_reader.ui.messageLabel.text


def test_an_exam_that_cannot_be_shown_leaves_the_first_on_the_screen(a_reader: Reader) -> None:
    a_reader.open_first()
    a_reader.scene.broken = True
    a_reader.click("nextButton")
    assert a_reader.session.detail.exam == FIRST
    assert "cannot be shown" in a_reader.ui.messageLabel.text


def test_a_cancelled_opening_leaves_the_first_on_the_screen(a_reader: Reader) -> None:
    a_reader.open_first()
    a_reader.server.open.clear()
    a_reader.ui.nextButton.click()
    a_reader.click("cancelButton")
    assert a_reader.scene.exam == FIRST
    assert a_reader.ui.nextButton.isEnabled()


def test_the_progress_of_inference_is_shown(a_reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "_EVERY", 0.01)
    a_reader.connect()
    infer, told = a_reader.server.infer, threading.Event()

    def slowly(*given, **named):
        told.wait(PATIENCE_S)
        return infer(*given, **named)

    a_reader.server.infer = slowly
    a_reader.server.exams[FIRST]["progress"] = {"done": 1, "total": 2, "doing": "analysing L CC"}
    a_reader.ui.worklistTable.cellDoubleClicked.emit(0, 0)
    a_reader.wait(lambda: "analysing L CC, 1 of 2 done" in a_reader.ui.busyLabel.text)
    told.set()
    a_reader.wait()
    assert a_reader.scene.exam == FIRST


def test_a_view_that_cannot_be_had_is_told_and_the_others_are_shown(a_reader: Reader) -> None:
    a_reader.connect()
    download, failed = a_reader.server.download_image, []

    def fails_once(image: str, folder: Path, progress=None, cancelled=None) -> Path:
        if not failed:
            failed.append(image)
            raise ServerError(image, "is not in the PACS any more", "ask for it", 404)
        return download(image, folder, progress, cancelled)

    a_reader.server.download_image = fails_once
    a_reader.ui.worklistTable.cellDoubleClicked.emit(0, 0)
    a_reader.wait()
    assert len(a_reader.scene.files) == 1
    assert "is not in the PACS any more" in a_reader.ui.examLabel.text


def test_the_patients_images_do_not_stay_on_the_disk(a_reader: Reader) -> None:
    a_reader.open_first()
    assert not any(file.exists() for file in a_reader.scene.files)


def test_what_is_on_this_computer_already_is_not_fetched_again(a_reader: Reader, tmp_path: Path) -> None:
    here = tmp_path / "here.dcm"
    here.write_bytes(b"made up")
    a_reader.session._local_images = lambda: lambda view: here if view.laterality == "R" else None
    a_reader.open_first()
    assert a_reader.scene.files[0] == here
    assert a_reader.server.asked.count("download_image") == 1
    assert here.exists()


def test_a_scene_that_somebody_closes_closes_the_exam(a_reader: Reader) -> None:
    a_reader.open_first()
    a_reader.session.scene_closed()
    assert not a_reader.ui.decisionSection.isEnabled()
    assert a_reader.ui.tabs.currentWidget().objectName == "worklistTab"


def test_an_error_that_nobody_thought_of_is_told_too(a_reader: Reader) -> None:
    a_reader.connect()
    a_reader.server.exams[FIRST]["views_in_detail"] = []
    a_reader.server.infer = lambda exam, again=False, cancelled=None: 1 / 0
    a_reader.ui.worklistTable.cellDoubleClicked.emit(0, 0)
    a_reader.wait()
    assert "division by zero" in a_reader.ui.messageLabel.text
    assert a_reader.ui.reloadButton.isEnabled()


def test_a_panel_that_goes_stops_its_work(a_reader: Reader) -> None:
    a_reader.connect()
    a_reader.server.open.clear()
    a_reader.ui.reloadButton.click()
    a_reader.panel.remove()
    a_reader.wait(lambda: a_reader.runner.drain() >= 0 and not a_reader.runner.running)
