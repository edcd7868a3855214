"""The widgets of CTK and Slicer that the panel's .ui file names, each with the few members that it uses."""

import types
import unicodedata

from PySide6 import QtCore, QtWidgets

from .pythonqt import Like, dressed


class ctkCollapsibleButton(dressed(QtWidgets.QGroupBox)):
    """A titled box that closes; drawn as a group box, which looks alike."""

    contentsCollapsed = QtCore.Signal(bool)

    def _text(self) -> str:
        return getattr(self, "_words", "")

    def _set_text(self, text: str) -> None:
        self._words = text
        arrow = "RIGHT" if self._collapsed() else "DOWN"
        QtWidgets.QGroupBox.setTitle(self, unicodedata.lookup(f"BLACK {arrow}-POINTING SMALL TRIANGLE") + f" {text}")

    def _collapsed(self) -> bool:
        return getattr(self, "_is_collapsed", False)

    def _collapse(self, collapsed: bool) -> None:
        self._is_collapsed = collapsed
        self._set_text(self._text())
        self._hide_contents()
        self.contentsCollapsed.emit(collapsed)

    def childEvent(self, event: QtCore.QChildEvent) -> None:
        """What is put into a closed box after it was closed is hidden as well."""
        super().childEvent(event)
        QtCore.QTimer.singleShot(0, self, self._hide_contents)

    def _hide_contents(self) -> None:
        self.setMaximumHeight(24 if self._collapsed() else 16777215)
        for child in self.findChildren(QtWidgets.QWidget, options=QtCore.Qt.FindDirectChildrenOnly):
            if child.property("hiddenByItself") is None:
                child.setProperty("hiddenByItself", child.isHidden())
            child.setVisible(not self._collapsed() and not child.property("hiddenByItself"))
            if not self._collapsed():
                child.setProperty("hiddenByItself", None)

    text = QtCore.Property(str, _text, _set_text)
    collapsed = QtCore.Property(bool, _collapsed, _collapse)


class ctkSliderWidget(dressed(QtWidgets.QWidget)):
    """A slider with a number beside it."""

    valueChanged = QtCore.Signal(float)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._slider, self._box = QtWidgets.QSlider(QtCore.Qt.Horizontal), QtWidgets.QDoubleSpinBox()
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._slider)
        row.addWidget(self._box)
        self._slider.valueChanged.connect(self._box.setValue)
        self._box.valueChanged.connect(self._follow)

    def setRange(self, minimum: float, maximum: float) -> None:
        self.minimum, self.maximum = minimum, maximum

    def _follow(self, value: float) -> None:
        self._slider.setValue(round(value))
        self.valueChanged.emit(value)

    def _set_minimum(self, value: float) -> None:
        self._slider.setMinimum(round(value))
        self._box.setMinimum(value)

    def _set_maximum(self, value: float) -> None:
        self._slider.setMaximum(round(value))
        self._box.setMaximum(value)

    value = QtCore.Property(float, lambda self: self._box.value(), lambda self, value: self._box.setValue(value))
    minimum = QtCore.Property(float, lambda self: self._box.minimum(), _set_minimum)
    maximum = QtCore.Property(float, lambda self: self._box.maximum(), _set_maximum)
    singleStep = QtCore.Property(
        float, lambda self: self._box.singleStep(), lambda self, value: self._box.setSingleStep(value)
    )
    decimals = QtCore.Property(int, lambda self: self._box.decimals(), lambda self, value: self._box.setDecimals(value))
    suffix = QtCore.Property(str, lambda self: self._box.suffix(), lambda self, value: self._box.setSuffix(value))


class ctkPathLineEdit(dressed(QtWidgets.QWidget)):
    """A field for a file's path, with a button for choosing one."""

    Files = 2
    filters = None
    currentPathChanged = QtCore.Signal(str)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._edit = QtWidgets.QLineEdit()
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._edit)
        row.addWidget(QtWidgets.QToolButton(text="\N{HORIZONTAL ELLIPSIS}"))
        self._edit.textChanged.connect(self.currentPathChanged)

    currentPath = QtCore.Property(str, lambda self: self._edit.text(), lambda self, path: self._edit.setText(path))


class qMRMLWidget(dressed(QtWidgets.QWidget)):
    """A widget that knows the scene."""

    mrmlSceneChanged = QtCore.Signal(object)

    def setMRMLScene(self, scene: object) -> None:
        self._scene = scene

    def mrmlScene(self) -> object:
        return self._scene


_CTK = (ctkCollapsibleButton, ctkPathLineEdit, ctkSliderWidget)
_SLICER = (qMRMLWidget,)
STAND_INS = {widget.__name__: widget for widget in (*_CTK, *_SLICER)}
SLICER_WIDGETS = {widget.__name__: widget for widget in _SLICER}
assert all(issubclass(widget, Like) for widget in STAND_INS.values())


def ctk_module() -> types.ModuleType:
    """The module ``ctk``."""
    made = types.ModuleType("ctk")
    for widget in _CTK:
        setattr(made, widget.__name__, widget)
    return made
