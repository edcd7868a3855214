"""Where the server is, and who it is."""

from __future__ import annotations

from html import escape
from typing import Protocol

import ctk
from slicer.i18n import tr as _

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

    def __init__(self, ui, session: Session, settings: Settings) -> None:
        self._ui, self._session, self._settings = ui, session, settings
        self._asked: tuple[str, str] | None = None
        self._shown = None
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
        """Show who answered; the fields fold away once somebody did."""
        ui, server = self._ui, self._session.server
        ui.connectButton.setEnabled(self._session.busy is None)
        if server is self._shown:
            return
        self._shown = server
        self._remember()
        ui.serverSection.collapsed = True
        model = server.model or _("no model serves yet")
        told = _("Connected to {url}, MammoLens {version}, model {model}.")
        ui.serverLabel.setText(escape(told.format(url=self._session.client.url, version=server.version, model=model)))

    def _remember(self) -> None:
        if self._asked is not None:
            url, ca_file = self._asked
            self._settings.setValue(_URL, url)
            self._settings.setValue(_CA_FILE, ca_file)
