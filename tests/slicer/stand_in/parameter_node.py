"""Slicer's parameterNodeWrapper for bool, float and str, over a real vtkMRMLScriptedModuleNode."""

import json
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import vtk


@dataclass(frozen=True)
class WithinRange:
    """Annotation: from minimum to maximum."""

    minimum: float
    maximum: float


def parameterNodeWrapper(kind: type) -> type:
    """Make a class of annotations a typed view of a node's parameters, tied to widgets on request."""
    kind.allParameters = typing.get_type_hints(kind, include_extras=True)
    defaults = {name: getattr(kind, name) for name in kind.allParameters}
    for name in kind.allParameters:
        setattr(kind, name, _parameter(name))

    def __init__(self: Any, node: Any) -> None:
        self.parameterNode = node
        for name, default in defaults.items():
            if not node.GetParameter(name):
                node.SetParameter(name, json.dumps(default))

    kind.__init__ = __init__
    kind.connectParametersToGui = _connect
    kind.disconnectGui = lambda self, tag: tag()
    kind.AddObserver = lambda self, event, callback, priority=0.0: self.parameterNode.AddObserver(
        event, callback, priority
    )
    kind.RemoveObserver = lambda self, tag: self.parameterNode.RemoveObserver(tag)
    return kind


def _parameter(name: str) -> property:
    def write(self: Any, value: Any) -> None:
        self.parameterNode.SetParameter(name, json.dumps(value))  # tells its observers only where it changes

    return property(lambda self: json.loads(self.parameterNode.GetParameter(name)), write)


def _connect(self: Any, widgets: Mapping[str, Any]) -> Callable[[], None]:
    """Tie parameters to widgets, both ways; gives what ends that."""
    unknown = set(widgets) - set(self.allParameters)
    if unknown:
        raise ValueError(f"no parameters {sorted(unknown)}")

    def show(*_: Any) -> None:
        for name, widget in widgets.items():
            _write(widget, getattr(self, name))

    slots = {
        name: lambda *_, name=name, widget=widget: setattr(self, name, _read(widget))
        for name, widget in widgets.items()
    }
    show()
    for name, widget in widgets.items():
        limits = [one for one in typing.get_args(self.allParameters[name])[1:] if isinstance(one, WithinRange)]
        for limit in limits:
            widget.setRange(limit.minimum, limit.maximum)
        _changed(widget).connect(slots[name])
    tag = self.AddObserver(vtk.vtkCommand.ModifiedEvent, show)

    def disconnect() -> None:
        self.RemoveObserver(tag)
        for name, widget in widgets.items():
            _changed(widget).disconnect(slots[name])

    return disconnect


def _changed(widget: Any) -> Any:
    return widget.toggled if hasattr(widget, "checked") else widget.valueChanged


def _read(widget: Any) -> Any:
    return widget.checked if hasattr(widget, "checked") else widget.value


def _write(widget: Any, value: Any) -> None:
    if _read(widget) != value:
        setattr(widget, "checked" if hasattr(widget, "checked") else "value", value)


EXPORTS = {"parameterNodeWrapper": parameterNodeWrapper, "WithinRange": WithinRange}
