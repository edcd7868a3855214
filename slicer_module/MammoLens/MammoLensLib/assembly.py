"""Everything put together inside Slicer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer

from .fetch import LocalImages
from .jobs import JobRunner
from .learning import Learning
from .markups import Regions
from .panel.server_part import Settings
from .reader import read_exam
from .scene import Scene
from .session import Session
from .widget import Panel


def assembled(ui: Any, *, settings: Settings, window: Any) -> tuple[Panel, Session]:
    """The panel of MammoLens.ui, working on Slicer's scene.

    Args:
        ui: its widgets by name.
        settings: Slicer's QSettings.
        window: whose keys are listened to.
    """
    scene = Scene(slicer.mrmlScene, slicer.modules.segmentations.logic())
    runner = JobRunner()
    session = Session(scene, runner, read_exam, local_images=lambda: LocalImages(database_file()))
    learning = Learning(lambda: session.client, runner)
    panel = Panel(
        ui,
        session=session,
        learning=learning,
        runner=runner,
        scene=scene,
        regions=Regions(slicer.mrmlScene, scene),
        segment=lambda: session.fetch_levels(scene.add_levels),
        settings=settings,
        window=window,
    )
    return panel, session


def database_file() -> Path | None:
    """Path of Slicer's DICOM database; ``None`` if none is open."""
    database = getattr(slicer, "dicomDatabase", None)
    return Path(database.databaseFilename) if database is not None and database.isOpen else None
