"""Stands in for what desktop Slicer has and its core on PyPI has not: PythonQt, CTK and the scripted modules' base.

:func:`install` puts the modules ``qt``, ``ctk`` and a few of ``slicer`` in place, so that the panel's own code runs
unchanged under PySide6 without a screen. MRML stays real: it is slicer-core's.

What this proves: the .ui file loads, names fit, signals reach their slots, words and states are as they should be.
What it does not prove: PythonQt's own behaviour, discovery of the module, rendering, and that nothing freezes.
Those are steps of docs/slicer-desktop-checklist.md.

Written for these tests; nothing of it is Slicer's code. Where PythonQt differs from PySide6 it does as PythonQt does:

* a Qt property is an attribute (``edit.text``, ``box.checked``), never a method of that name;
* ``object.connect("clicked()", slot)`` takes signatures of C++, and a slot gets only as many values as it takes;
* ``object.name`` is the object's name.
"""

import sys
import types

from . import parameter_node, pythonqt, scripted_module, widgets


def install() -> None:
    """Put the stand-ins where ``import`` finds them; a second call changes nothing."""
    if "qt" in sys.modules:
        return
    import slicer
    import slicer.util

    pythonqt.application()
    sys.modules["qt"] = pythonqt.module()
    sys.modules["ctk"] = widgets.ctk_module()
    for name, widget in widgets.SLICER_WIDGETS.items():
        setattr(slicer, name, widget)
    _module("slicer.i18n", tr=lambda text: text, translate=lambda context, text: text)
    _module("slicer.parameterNodeWrapper", **parameter_node.EXPORTS)
    _module("slicer.ScriptedLoadableModule", **scripted_module.EXPORTS)
    slicer.qt, slicer.ctk = sys.modules["qt"], sys.modules["ctk"]


def _module(name: str, **members: object) -> None:
    module = types.ModuleType(name)
    module.__dict__.update(members)
    module.__all__ = list(members)
    sys.modules[name] = module
    parent, _, own = name.rpartition(".")
    setattr(sys.modules[parent], own, module)
