"""At the top of the panel, always in sight: the notice, the last error with its remedy, what is under way."""

from __future__ import annotations

from ..session import Session
from . import words


class StatusPart:
    """Notice, message, progress."""

    def __init__(self, ui, session: Session) -> None:
        self._ui, self._session = ui, session
        ui.messageLabel.setStyleSheet(words.ERROR_STYLE)
        ui.cancelButton.connect("clicked()", session.cancel)

    def update(self) -> None:
        """Show error and progress, where there are any."""
        ui, busy, error = self._ui, self._session.busy, self._session.error
        ui.messageLabel.setVisible(error is not None)
        ui.messageLabel.setText(words.complaint(error) if error is not None else "")
        for widget in (ui.busyLabel, ui.busyBar, ui.cancelButton):
            widget.setVisible(busy is not None)
        ui.busyLabel.setText(words.doing(busy) if busy is not None else "")
        known = busy is not None and busy.share is not None
        ui.busyBar.setRange(0, 100 if known else 0)  # 0 to 0: it moves without telling how far
        ui.busyBar.setValue(round(100 * busy.share) if known else 0)
