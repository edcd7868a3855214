"""The base classes of a scripted module, with what the module's file uses of them."""

import unittest
from pathlib import Path
from typing import Any


class ScriptedLoadableModule:
    """What tells Slicer of a module."""

    def __init__(self, parent: Any) -> None:
        self.parent = parent
        self.moduleName = type(self).__name__


class ScriptedLoadableModuleWidget:
    """The panel of a module.

    ``parent`` is the widget that Slicer lends; ``modulePath``, the module's folder, stands in for what Slicer knows.
    """

    modulePath = Path(__file__).parents[3] / "slicer_module" / "MammoLens"

    def __init__(self, parent: Any = None) -> None:
        super().__init__()
        self.moduleName = type(self).__name__.removesuffix("Widget")
        self.parent = parent
        self.layout = parent.layout()

    def setup(self) -> None:
        self.developerMode = False

    def resourcePath(self, name: str) -> str:
        return str(self.modulePath / "Resources" / name)

    def onReload(self) -> None:
        self.reloaded = True


class ScriptedLoadableModuleLogic:
    """Keeps the module's one parameter node."""

    def __init__(self, parent: Any = None) -> None:
        self.moduleName = type(self).__name__.removesuffix("Logic")

    def getParameterNode(self) -> Any:
        import slicer

        scene = slicer.mrmlScene
        node = scene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
        if node is None:
            node = slicer.vtkMRMLScriptedModuleNode()
            node.SetSingletonTag(self.moduleName)
            node.SetModuleName(self.moduleName)
            node = scene.AddNode(node)
        return node


class ScriptedLoadableModuleTest(unittest.TestCase):
    """Tests that Slicer's 'Reload and Test' runs."""

    def delayDisplay(self, message: str, milliseconds: int = 0) -> None:
        return None


EXPORTS = {
    kind.__name__: kind
    for kind in (
        ScriptedLoadableModule,
        ScriptedLoadableModuleWidget,
        ScriptedLoadableModuleLogic,
        ScriptedLoadableModuleTest,
    )
}
