"""Connection to the server: address, token, certificates."""

from __future__ import annotations

from html import escape
from typing import Any, Protocol

import ctk
from slicer.i18n import tr as _

from ..answers import ServerInfo
from ..session import Session

_URL, _CA_FILE = "MammoLens/Url", "MammoLens/CaFile"
_DEFAULT_URL = "http://127.0.0.1:8000"


class Settings(Protocol):
    """What lasts from one start of Slicer to the next; a QSettings."""

    def value(self, key: str, default: str) -> str:
        """What is kept."""

    def setValue(self, key: str, value: str) -> None:
        """Keep it."""


class ServerPart:
    """Address, token, certificates; address and certificates are remembered once they served, the token never."""

    def __init__(self, ui: Any, session: Session, settings: Settings) -> None:
        self._ui, self._session, self._settings = ui, session, settings
        self._asked: tuple[str, str] | None = None
        self._shown: ServerInfo | None = None
        ui.urlEdit.setText(settings.value(_URL, _DEFAULT_URL))
        ui.caFileEdit.filters = ctk.ctkPathLineEdit.Files
        ui.caFileEdit.currentPath = settings.value(_CA_FILE, "")
        ui.connectButton.connect("clicked()", self.connect)
        for edit in (ui.urlEdit, ui.tokenEdit):
            edit.connect("returnPressed()", self.connect)

    def connect(self) -> None:
        """Connect to what is typed in."""
        ui = self._ui
        self._asked = ui.urlEdit.text.strip(), ui.caFileEdit.currentPath.strip()
        self._session.connect(self._asked[0], ui.tokenEdit.text.strip(), self._asked[1] or None)

    def update(self) -> None:
        """Show the connected server; the fields collapse once it is connected."""
        ui, server = self._ui, self._session.server
        ui.connectButton.setEnabled(self._session.busy is None)
        client = self._session.client
        if server is self._shown or server is None or client is None:
            return
        self._shown = server
        self._remember()
        ui.serverSection.collapsed = True
        model = server.model or _("no model in use")
        text = _("Connected to {url}, MammoLens {version}, model {model}.")
        ui.serverLabel.setText(escape(text.format(url=client.url, version=server.version, model=model)))

    def _remember(self) -> None:
        if self._asked is not None:
            url, ca_file = self._asked
            self._settings.setValue(_URL, url)
            self._settings.setValue(_CA_FILE, ca_file)
