"""How the heat is shown: on or off, how strongly, from which level on; what its colours mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import qt
from slicer.i18n import tr as _

from ..answers import HeatLevel
from ..parameters import MammoLensParameters
from ..session import Session
from . import words

_SWATCH = 12  # pixels


class Heat(Protocol):
    """The overlays of the open exam."""

    def set_heat(self, on: bool, opacity: float, threshold: float | None) -> None:
        """Show them so; opacity 0 to 1, ``threshold`` the least map value that is shown."""


class HeatPart:
    """Heat and its legend; the settings live in the scene's parameters, so that they are saved with it."""

    def __init__(self, ui: Any, session: Session, heat: Heat, segment: Callable[[], None]) -> None:
        self._ui, self._session, self._heat = ui, session, heat
        self._levels: tuple[HeatLevel, ...] | None = None
        self._parameters: MammoLensParameters | None = None
        ui.fromLevelBox.connect("activated(int)", self._choose)
        ui.segmentationButton.connect("clicked()", segment)

    def use(self, parameters: MammoLensParameters) -> None:
        """Take the settings from here from now on."""
        self._parameters = parameters

    def toggle(self) -> None:
        """Heat on, heat off."""
        if self._parameters is not None:
            self._parameters.showHeat = not self._parameters.showHeat

    def apply(self) -> None:
        """Show the heat as the parameters say."""
        parameters, detail = self._parameters, self._session.detail
        if detail is None or parameters is None:
            return
        level = self._lowest()
        self._select(level)
        self._heat.set_heat(parameters.showHeat, parameters.opacity / 100, None if level is None else level.value)

    def update(self) -> None:
        """Show the levels of the open exam."""
        ui, session = self._ui, self._session
        ui.heatSection.setEnabled(session.detail is not None)
        ui.segmentationButton.setEnabled(session.busy is None)
        levels = session.detail.levels if session.detail is not None else ()
        if levels == self._levels:
            return
        self._levels = levels
        ui.legendLabel.setText(words.legend(levels))
        ui.fromLevelBox.clear()
        for level in levels:
            ui.fromLevelBox.addItem(_swatch(level.colour), _("{level} and higher").format(level=level.name), level.name)
        self._select(self._lowest())

    def _choose(self, index: int) -> None:
        if self._parameters is not None:
            self._parameters.fromLevel = self._ui.fromLevelBox.itemData(index)

    def _lowest(self) -> HeatLevel | None:
        levels = self._levels or ()
        wanted = self._parameters.fromLevel if self._parameters is not None else ""
        return next((level for level in levels if level.name == wanted), levels[0] if levels else None)

    def _select(self, level: HeatLevel | None) -> None:
        if level is not None:
            self._ui.fromLevelBox.setCurrentIndex(self._ui.fromLevelBox.findData(level.name))


def _swatch(colour: str | None) -> Any:
    picture = qt.QPixmap(_SWATCH, _SWATCH)
    picture.fill(qt.QColor(colour or "#808080"))
    return qt.QIcon(picture)
