"""The parts of the panel: each fills its widgets of MammoLens.ui from the session and passes clicks on to it.

A part has ``update()``, which the panel calls after every change. Qt's properties are read as attributes and signals
are named as in C++: that is PythonQt's way.
"""
