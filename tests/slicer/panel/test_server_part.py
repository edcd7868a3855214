from collections.abc import Callable

from MammoLensLib.errors import ServerError

from .exam_server import URL, ExamServer
from .reader import ASettings, Reader


def test_connecting_says_who_answered_and_shows_the_worklist(a_reader: Reader) -> None:
    a_reader.ui.urlEdit.setText(URL)
    a_reader.ui.tokenEdit.setText("secret")
    a_reader.ui.caFileEdit.currentPath = "/etc/ca.pem"
    a_reader.connect()
    assert a_reader.server.credentials == (URL, "secret", "/etc/ca.pem")
    assert a_reader.ui.serverLabel.text == f"Connected to {URL}, MammoLens 0.1.0, model old-model."
    assert a_reader.ui.worklistTable.rowCount == 3
    assert a_reader.ui.serverSection.collapsed


def test_the_address_is_remembered_once_it_served_and_the_token_never(
    read: Callable[..., Reader], a_server: ExamServer
) -> None:
    settings = ASettings()
    first = read(a_server, settings=settings)
    first.ui.urlEdit.setText("https://wrong.test")
    a_server.trouble = ServerError("https://wrong.test", "does not answer", "check the address")
    first.connect()
    assert not settings
    first.ui.urlEdit.setText(URL)
    first.ui.tokenEdit.setText("secret")
    first.connect()
    assert "secret" not in settings.values()
    assert read(a_server, settings=settings).ui.urlEdit.text == URL


def test_enter_in_the_address_connects(a_reader: Reader) -> None:
    a_reader.ui.urlEdit.returnPressed.emit()
    a_reader.wait()
    assert a_reader.server.asked == ["handshake", "worklist"]


def test_no_certificate_file_is_the_systems_own(a_reader: Reader) -> None:
    a_reader.connect()
    assert a_reader.server.credentials[2] is None


def test_a_second_server_that_fails_leaves_the_first_connected(a_reader: Reader) -> None:
    a_reader.open_first()
    a_reader.server.trouble = ServerError("https://other.test", "is not a MammoLens server", "check the address")
    a_reader.connect()
    assert a_reader.session.server is not None
    assert a_reader.scene.exam is not None
