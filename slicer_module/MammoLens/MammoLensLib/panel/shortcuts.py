"""Keys for reading, as in the OHIF panel; they work wherever nothing is typed, and only while the module is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import qt


class Shortcuts:
    """Keys of a window.

    Args:
        parent: the window.
        actions: what each key does. A field that is typed into keeps its letters: Qt asks it first.
    """

    def __init__(self, parent, actions: Mapping[str, Callable[[], None]]) -> None:
        self._shortcuts = []
        for key, action in actions.items():
            shortcut = qt.QShortcut(qt.QKeySequence(key), parent)
            shortcut.connect("activated()", action)
            shortcut.setEnabled(False)
            self._shortcuts.append(shortcut)

    def enable(self, enabled: bool) -> None:
        """Listen, or leave the keys to others."""
        for shortcut in self._shortcuts:
            shortcut.setEnabled(enabled)

    def remove(self) -> None:
        """For good."""
        for shortcut in self._shortcuts:
            shortcut.setEnabled(False)
            shortcut.deleteLater()
        self._shortcuts = []
