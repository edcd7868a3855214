"""An exam in the scene: images, heat, findings. If it cannot be shown, the scene stays as it was."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vtk import vtkCommand

from .answers import Finding, View
from .comparison import Comparison
from .errors import MammoLensError, OverlayError, SceneError
from .layout import (
    Hung,
    Pane,
    Slot,
    Turn,
    centre,
    fit,
    in_rows_of_two,
    panes,
    prior_slot_of,
    restore_layout,
    show_layout,
    slot_of,
    turn_of,
)
from .linked import LinkedViews
from .markups import add_mark
from .overlay import Overlay, add_level_segmentation
from .reader import Header, ReadExam, ReadView
from .volumes import add_volume, copy_window, pixels_of, remove, removed_on_failure, set_window


@dataclass(eq=False)
class _Shown:
    """A view in the scene."""

    view: View
    volume: Any
    turn: Turn
    slot: Slot
    header: Header
    overlay: Overlay | None = None
    pane: Pane | None = None
    nodes: list[Any] = field(default_factory=list)

    @property
    def hung(self) -> Hung:
        assert self.pane is not None
        return Hung(self.pane, self.volume, self.turn, self.header.has_pixel_size)


class Scene:
    """What is shown of one exam at a time. To be used from the main thread.

    Args:
        scene: the MRML scene.
        segmentations: vtkSlicerSegmentationsModuleLogic; without it there are no segmentations of levels.
    """

    def __init__(self, scene: Any, segmentations: Any = None) -> None:
        self._scene, self._segmentations = scene, segmentations
        self._shown: list[_Shown] = []
        self._priors: list[_Shown] = []
        self._pairs: dict[str, str] = {}
        self._comparison = Comparison.CURRENT
        self._linked = LinkedViews()
        self._levels: tuple[Any, ...] = ()
        self._layout_before: int | None = None
        self._heat: tuple[bool, float, float | None] = (True, 0.5, None)
        self._sizes: dict[str, tuple[int, ...]] = {}
        self._observations: list[tuple[Any, int]] = []
        self.problems: tuple[str, ...] = ()

    def open(self, exam: ReadExam) -> None:
        """Replace the exam on display.

        A heatmap that does not fit its image is left out and reported in :attr:`problems`.

        Raises:
            SceneError: an image cannot be shown. The previous exam stays.
        """
        problems: list[str] = []
        with removed_on_failure(self._scene):
            shown: list[_Shown] = []
            try:
                slots = [slot_of(one.view) for one in exam.views]
                for view, slot in zip(exam.views, slots, strict=True):
                    shown.append(self._added(view, slot))
                    shown[-1].overlay = self._overlaid(shown[-1], view, exam, problems)
                before = show_layout(self._scene, slots)
                try:
                    self._hang(shown, panes(self._scene, slots))
                except BaseException:
                    restore_layout(self._scene, before)
                    self._hang_again()
                    raise
            except BaseException:
                for one in shown:
                    if one.overlay is not None:
                        one.overlay.remove()
                raise
        first = not self._shown
        self._remove_shown()
        self._shown, self._levels, self.problems = shown, exam.detail.levels, tuple(problems)
        if first:
            self._layout_before = before
        self._watch_sizes()
        self.set_heat(*self._heat)

    def add_prior(self, exam: ReadExam, pairs: Mapping[str, str]) -> tuple[str, ...]:
        """Add the views of a prior exam, replacing those of another one; :meth:`compare` shows them.

        A prior of the machine of its current view gets that view's window. A map of another machine is left out, as
        the levels of the current exam do not apply to it.

        Args:
            pairs: id of each prior image and of the current image that it is compared with.

        Returns:
            why some heat is not shown.

        Raises:
            SceneError: an image cannot be shown. Everything stays as it was.
        """
        problems: list[str] = []
        with removed_on_failure(self._scene):
            added = [self._added(one, prior_slot_of(one.view)) for one in exam.views]
        self.compare(Comparison.CURRENT)
        self._remove(self._priors)
        self._priors, self._pairs = added, dict(pairs)
        for shown, one in zip(added, exam.views, strict=True):
            current = self._current_of(shown)
            if current is not None and current.header.machine == one.header.machine:
                shown.overlay = self._overlaid(shown, one, exam, problems)
            elif one.heat is not None:
                problems.append(
                    f"{one.view.name}: its heat is not shown: the image is of another machine, whose heat levels differ"
                )
        return tuple(problems)

    def compare(self, comparison: Comparison) -> None:
        """Show the current exam, the prior one, or both; linked pairs pan and zoom together.

        Raises:
            SceneError: an image is under a non-linear transform.
        """
        if comparison is self._comparison and comparison is Comparison.CURRENT:
            return
        self._comparison = comparison
        hung = self._hung()
        slots = [one.slot for one in hung]
        if comparison is Comparison.BOTH:
            slots = [in_rows_of_two(one.slot, one in self._priors) for one in hung]
        self._watch_no_sizes()
        show_layout(self._scene, slots)
        self._hang(hung, panes(self._scene, slots))
        self._watch_sizes()
        self.set_heat(*self._heat)
        self.fit()

    def close(self) -> None:
        """Remove everything and restore the layout from before."""
        if self._shown:
            self._remove_shown()
            restore_layout(self._scene, self._layout_before)

    def forget(self) -> None:
        """The MRML scene was closed, and our nodes with it."""
        self._watch_no_sizes()
        self._shown, self._priors, self._levels = [], [], ()
        self._comparison = Comparison.CURRENT

    def set_heat(self, on: bool, opacity: float, threshold: float | None) -> None:
        """Set how the heat is shown.

        Args:
            opacity: 0 to 1.
            threshold: least value of the map that is shown; ``None`` for the lowest level.
        """
        self._heat = on, opacity, threshold
        for one in (*self._shown, *self._priors):
            if one.overlay is not None:
                one.overlay.set_threshold(threshold)
                one.overlay.set_on(on)  # before the opacity, which takes the foreground back when it is on
                one.overlay.set_opacity(opacity)

    def fit(self) -> None:
        """Fit all images into their views; also done whenever a view is resized.

        Raises:
            SceneError: an image is under a non-linear transform.
        """
        hung = self._hung()
        for one in hung:
            current = self._current_of(one)
            if current is not None and current.header.machine == one.header.machine:
                copy_window(one.volume, current.volume)
        with self._linked.apart():
            fit([one.hung for one in hung])

    def show_finding(self, image: str, rank: int) -> None:
        """Centre the view on a finding; does nothing if the finding has no location.

        Raises:
            SceneError: the image is under a non-linear transform.
        """
        for one in self._present():
            for finding in one.view.findings if one.view.image == image else ():
                if finding.rank == rank and (location := _location(finding)) is not None:
                    box = finding.bounding_box or (0.0, 0.0, 0.0, 0.0)
                    centre(one.hung, location, (box[2] - box[0], box[3] - box[1]))

    def add_levels(self, files: Mapping[str, Path]) -> None:
        """Add the heat levels as one segmentation for each view, replacing those from before.

        Args:
            files: a map of levels for each image's id.

        Raises:
            OverlayError: one does not fit its image; none is added.
            SceneError: one cannot be read; none is added.
        """
        if self._segmentations is None:
            raise SceneError("Slicer", "has no module Segmentations", "install 3D Slicer as it is distributed")
        with removed_on_failure(self._scene):
            made = [
                (one, self._segmented(one, files[one.view.image])) for one in self._present() if one.view.image in files
            ]
        for one, node in made:
            for old in [node for node in one.nodes if node.IsA("vtkMRMLSegmentationNode")]:
                remove(self._scene, old)
                one.nodes.remove(old)
            one.nodes.append(node)

    def volume_of(self, image: str) -> Any:
        """The volume of an image; ``None`` if it is not shown."""
        return next((one.volume for one in self._present() if one.view.image == image), None)

    def slice_node_of(self, image: str) -> Any:
        """The slice view of an image; ``None`` if it is not shown."""
        return next((one.hung.pane.slice_node for one in self._present() if one.view.image == image), None)

    def image_in(self, slice_node: Any) -> str | None:
        """Id of the image that a slice view shows."""
        name = slice_node.GetID()
        return next((one.view.image for one in self._present() if one.hung.pane.slice_node.GetID() == name), None)

    def _added(self, one: ReadView, slot: Slot) -> _Shown:
        volume = add_volume(self._scene, one.image, one.view.name)
        set_window(volume, one.header)
        return _Shown(one.view, volume, turn_of(slot, one.header, pixels_of(volume)), slot, one.header)

    def _overlaid(self, shown: _Shown, one: ReadView, exam: ReadExam, problems: list[str]) -> Overlay | None:
        if one.heat is None:
            problems += [one.problem] if one.problem else []
            return None
        try:
            return Overlay(shown.volume, one.heat, exam.detail.levels)
        except OverlayError as error:
            problems.append(str(error))
            return None

    def _hang(self, shown: list[_Shown], shown_in: tuple[Pane, ...]) -> None:
        for one, pane in zip(shown, shown_in, strict=True):
            one.pane = pane
            pane.composite.SetDoPropagateVolumeSelection(False)  # each view has an image of its own
            pane.composite.SetForegroundVolumeID(None)
            pane.composite.SetLabelVolumeID(None)
            pane.composite.SetBackgroundVolumeID(one.volume.GetID())
            if one.overlay is not None:
                one.overlay.show_in(pane.composite)
            if not one.nodes:
                marks = (add_mark(self._scene, one.volume, pane.slice_node, one.view, f) for f in one.view.findings)
                one.nodes = [mark for mark in marks if mark is not None]
        fit([one.hung for one in shown])

    def _hang_again(self) -> None:
        """Restore the previous exam after another one failed."""
        with suppress(MammoLensError):
            self._hang(self._shown, tuple(one.hung.pane for one in self._present()))

    def _watch_sizes(self) -> None:
        """Views get their size when the application draws them, and another one with every resized window."""
        hung = self._hung()
        pairs = [(self._current_of(one), one) for one in hung]
        self._linked.link(
            (current.hung.pane.slice_node, one.hung.pane.slice_node)
            for current, one in pairs
            if current is not None and current in hung
        )
        for one in hung:
            node = one.hung.pane.slice_node
            self._sizes[node.GetID()] = node.GetDimensions()
            self._observations.append((node, node.AddObserver(vtkCommand.ModifiedEvent, self._resized)))

    def _watch_no_sizes(self) -> None:
        for node, tag in self._observations:
            node.RemoveObserver(tag)
        self._observations.clear()
        self._sizes.clear()
        self._linked.link(())

    def _resized(self, node: Any, _: str) -> None:
        if self._sizes.get(node.GetID()) != node.GetDimensions():
            self._sizes[node.GetID()] = node.GetDimensions()
            with suppress(MammoLensError):
                self.fit()

    def _segmented(self, one: _Shown, path: Path) -> Any:
        pane = one.hung.pane
        return add_level_segmentation(self._segmentations, one.volume, pane.slice_node, path, self._levels)

    def _hung(self) -> list[_Shown]:
        """The views on the screen."""
        priors = [one for one in self._priors if one.volume.GetScene() is self._scene]
        if self._comparison is Comparison.PRIOR:
            return priors
        return self._present() + (priors if self._comparison is Comparison.BOTH else [])

    def _current_of(self, prior: _Shown) -> _Shown | None:
        """The view that a prior one is compared with; ``None`` for a current one."""
        image = self._pairs.get(prior.view.image)
        return next((one for one in self._present() if one.view.image == image), None)

    def _present(self) -> list[_Shown]:
        """Views whose volume is still in the scene; a person may remove it in Slicer."""
        return [one for one in self._shown if one.volume.GetScene() is self._scene]

    def _remove_shown(self) -> None:
        self._watch_no_sizes()
        self._remove(self._shown)
        self._remove(self._priors)
        self._shown, self._priors, self._pairs, self._levels = [], [], {}, ()
        self._comparison = Comparison.CURRENT

    def _remove(self, views: list[_Shown]) -> None:
        for one in views:
            if one.overlay is not None:
                one.overlay.remove()
            composite = one.pane.composite if one.pane is not None else None
            # Otherwise it already shows the next exam.
            if composite is not None and composite.GetBackgroundVolumeID() == one.volume.GetID():
                composite.SetBackgroundVolumeID(None)
            for node in (*one.nodes, one.volume):
                remove(self._scene, node)


def _location(finding: Finding) -> tuple[float, float] | None:
    if finding.bounding_box is not None:
        left, top, right, bottom = finding.bounding_box
        return (left + right) / 2, (top + bottom) / 2
    return finding.peak_location
