"""Slice views that pan and zoom together: a current view and its prior.

Slicer's own linking gives slice views one place in space; images of two exams have no space in common. Here, a view
repeats what happens on the screen of the other: the same shift in mm, the same zoom.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from vtk import vtkCommand

from .geometry import array_of


class LinkedViews:
    """Links pairs of slice views until :meth:`link` is called again.

    Example:
        >>> linked = LinkedViews()
        >>> linked.link([(current, prior)])  # doctest: +SKIP
    """

    def __init__(self) -> None:
        self._others: dict[str, Any] = {}
        self._seen: dict[str, tuple[float, float, float]] = {}
        self._observations: list[tuple[Any, int]] = []
        self._is_paused = False

    def link(self, pairs: Iterable[tuple[Any, Any]]) -> None:
        """Link these pairs of vtkMRMLSliceNode, and no others."""
        for node, tag in self._observations:
            node.RemoveObserver(tag)
        self._observations, self._others = [], {}
        for pair in pairs:
            for node, other in (pair, pair[::-1]):
                self._others[node.GetID()] = other
                self._observations.append((node, node.AddObserver(vtkCommand.ModifiedEvent, self._follow)))
        self._look()

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Move views one by one inside; they are linked again from where they are then."""
        was_paused, self._is_paused = self._is_paused, True
        try:
            yield
        finally:
            self._is_paused = was_paused
            self._look()

    def _look(self) -> None:
        self._seen = {node.GetID(): _seen_part(node) for node, _ in self._observations}

    def _follow(self, node: Any, _: str) -> None:
        before, now = self._seen.get(node.GetID()), _seen_part(node)
        if self._is_paused or before is None or before == now:
            return
        other = self._others[node.GetID()]
        with self.apart():
            zoom = now[2] / before[2]
            width, height, depth = other.GetFieldOfView()
            origin = other.GetXYZOrigin()
            other.SetFieldOfView(width * zoom, height * zoom, depth)
            other.SetXYZOrigin(origin[0] + now[0] - before[0], origin[1] + now[1] - before[1], origin[2])


def _seen_part(node: Any) -> tuple[float, float, float]:
    """The middle of what a slice view shows, in mm along the axes of the screen, and how wide it is."""
    axes, origin = array_of(node.GetSliceToRAS()), node.GetXYZOrigin()
    along = axes[:3, :2].T @ axes[:3, 3]
    return float(along[0] + origin[0]), float(along[1] + origin[1]), float(node.GetFieldOfView()[0])
