"""PySide6 dressed as PythonQt: the module ``qt``."""

import builtins
import ctypes
import inspect
import os
import types
from collections.abc import Callable
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
_import = builtins.__import__
from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets  # noqa: E402

# PySide6 puts a slower one in its place, for features that nothing here uses; every later test would pay for it.
builtins.__import__ = _import

# Qt itself calls these of a subclass; as attributes they would never end. PythonQt has them as attributes too.
_VIRTUAL = {QtWidgets.QWidget: {"sizeHint", "minimumSizeHint"}, QtWidgets.QProgressBar: {"text"}}
_dressed: dict[type, type] = {}
# On Python 3.11, PySide6 releases None once too often at each call that returns nothing, and Python aborts at its last
# reference. These are never released, not even at the end.
_SPARE_REFERENCES = [None] * 2_000_000
ctypes.pythonapi.Py_IncRef(ctypes.py_object(_SPARE_REFERENCES))


class Like:
    """What every object has in PythonQt."""

    name = property(lambda self: self.objectName)

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        self.__dict__["connect"] = self._connect  # PySide6 finds its own static one before a method of ours

    def _connect(self, signature: str, slot: Callable[..., Any]) -> bool:
        """Connect a signal that is named as in C++, like ``"clicked()"``."""
        self._signal(signature).connect(_given_what_it_takes(slot, signature))
        return True

    def className(self) -> str:
        return self.metaObject().className()

    def _signal(self, signature: str) -> Any:
        plain = QtCore.QMetaObject.normalizedSignature(signature)
        plain = plain.data().decode() if hasattr(plain, "data") else str(plain)
        own, overloads = self.metaObject(), signature.partition("(")[0]
        if own.indexOfSignal(plain) < 0 and not _shortened(own, plain):
            raise ValueError(f"{own.className()} has no signal {signature}")
        return getattr(self, overloads)


def _shortened(own: QtCore.QMetaObject, signature: str) -> bool:
    """Is it ``clicked()`` where the signal is ``clicked(bool=false)``? Qt takes that too."""
    names = (own.method(index).methodSignature().data().decode() for index in range(own.methodCount()))
    return signature.endswith("()") and any(name.startswith(signature[:-1]) for name in names)


def _given_what_it_takes(slot: Callable[..., Any], signature: str) -> Callable[..., Any]:
    """PythonQt hands over what the signature names, and no more than the slot takes."""
    named = 0 if signature.endswith("()") else signature.count(",") + 1
    try:
        takes = len(inspect.signature(slot).parameters)
    except ValueError:
        takes = named
    return lambda *values: slot(*values[: min(named, takes)])


def dressed(kind: type) -> type:
    """The class whose Qt properties are attributes."""
    if kind not in _dressed:
        own = kind.staticMetaObject
        virtual = set().union(*(names for base, names in _VIRTUAL.items() if issubclass(kind, base)))
        names = {own.property(index).name() for index in range(own.propertyCount())} - virtual
        _dressed[kind] = type(kind.__name__, (Like, kind), {name: _attribute(name) for name in names})
    return _dressed[kind]


def _attribute(name: str) -> property:
    def write(self: QtCore.QObject, value: Any) -> None:
        QtCore.QObject.setProperty(self, name, value)

    # Everything of C++ gets at the method; only Python sees the attribute.
    return property(lambda self: QtCore.QObject.property(self, name), write)


class UiLoader(QtUiTools.QUiLoader):
    """Makes dressed widgets of a .ui file, stand-ins among them; an unknown class is an error."""

    def load(self, device: QtCore.QIODevice, parent: QtWidgets.QWidget | None = None) -> QtWidgets.QWidget:
        self._made: list[QtWidgets.QWidget] = []
        root = super().load(device, parent)
        root.kept = self._made  # or else Python forgets of which class they are
        return root

    def createWidget(self, name: str, parent: QtWidgets.QWidget | None = None, own: str = "") -> QtWidgets.QWidget:
        from .widgets import STAND_INS

        kind = STAND_INS.get(name) or dressed(getattr(QtWidgets, name))
        widget = kind(parent)
        widget.setObjectName(own)
        self._made.append(widget)
        return widget


def application() -> QtWidgets.QApplication:
    """The one application, without a screen."""
    return QtWidgets.QApplication.instance() or QtWidgets.QApplication(["Slicer"])


def module() -> types.ModuleType:
    """All classes of Qt's three modules in one, as PythonQt has them."""
    made = types.ModuleType("qt")
    for source in (QtCore, QtGui, QtWidgets):
        for name in (name for name in dir(source) if name.startswith("Q")):
            member = getattr(source, name)
            wanted = isinstance(member, type) and issubclass(member, QtWidgets.QWidget | QtGui.QShortcut)
            setattr(made, name, dressed(member) if wanted else member)
    made.QUiLoader = UiLoader
    return made
