"""The module as Slicer loads it; its code is in MammoLensLib."""

import sys
from unittest import TextTestRunner, defaultTestLoader

import qt
import slicer
import vtk
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

LIBRARY = "MammoLensLib"


class MammoLens(ScriptedLoadableModule):
    """Title, category and help of the module."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = "MammoLens"
        parent.categories = [translate("qSlicerAbstractCoreModule", "Informatics")]
        parent.dependencies = []
        parent.contributors = ["MammoLens developers"]
        parent.helpText = _(
            "Reads mammograms with the heat of a model that learned what normal ones look like: connect to a MammoLens "
            "server, open an exam of the worklist, confirm it as normal or mark a finding. "
            "<b>Research use only, not a medical device.</b>"
        )
        parent.acknowledgementText = _("Part of MammoLens, under the Apache License 2.0.")


class MammoLensWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """Connects the panel with Slicer's scene, settings and main window."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.panel = None
        self.logic = None

    def setup(self):
        """Called once, before the panel is shown for the first time."""
        from MammoLensLib.assembly import assembled

        ScriptedLoadableModuleWidget.setup(self)
        widget = slicer.util.loadUI(self.resourcePath("UI/MammoLens.ui"))
        widget.setMRMLScene(slicer.mrmlScene)
        self.layout.addWidget(widget)
        self.logic = MammoLensLogic()
        self.panel, self.session = assembled(
            slicer.util.childWidgetVariables(widget), settings=qt.QSettings(), window=slicer.util.mainWindow() or widget
        )
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.useParameters()

    def cleanup(self):
        """Called when Slicer closes or the module is reloaded."""
        self.removeObservers()
        if self.panel is not None:
            self.panel.remove()

    def enter(self):
        """Called whenever the module is shown."""
        self.panel.enter()

    def exit(self):
        """Called whenever another module is shown instead."""
        self.panel.exit()

    def onReload(self):
        """Developers' 'Reload': the library too."""
        for name in [name for name in sys.modules if name.partition(".")[0] == LIBRARY]:
            del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)

    def useParameters(self):
        """Keep the settings in the scene."""
        parameters = self.logic.getParameterNode()
        self.panel.use(parameters)
        self.parameters = parameters
        self.addObserver(parameters, vtk.vtkCommand.ModifiedEvent, self.onParametersModified)

    def onParametersModified(self, caller=None, event=None):
        """A setting changed, by the panel or by something else."""
        self.panel.parameters_changed()

    def onSceneStartClose(self, caller, event):
        """Remove the exam with the scene."""
        self.removeObserver(self.parameters, vtk.vtkCommand.ModifiedEvent, self.onParametersModified)
        self.panel.use(None)
        self.session.scene_closed()

    def onSceneEndClose(self, caller, event):
        """The new scene has settings of its own."""
        self.useParameters()


class MammoLensLogic(ScriptedLoadableModuleLogic):
    """Gives the module's settings in the scene."""

    def getParameterNode(self):
        """The settings, typed."""
        from MammoLensLib.parameters import MammoLensParameters

        return MammoLensParameters(super().getParameterNode())


class MammoLensTest(ScriptedLoadableModuleTest):
    """'Reload and Test': the tests in Testing/, which need no server."""

    def runTest(self):
        """Run them in this very Slicer; the scene is cleared before."""
        from pathlib import Path

        folder = Path(__file__).parent / "Testing"
        result = TextTestRunner(verbosity=2).run(defaultTestLoader.discover(str(folder), "*TestCase.py"))
        if not result.wasSuccessful():
            raise AssertionError(f"{len(result.failures) + len(result.errors)} of {result.testsRun} tests failed")
        self.delayDisplay(f"{result.testsRun} tests passed")
