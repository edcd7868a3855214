"""Content items of structured reports (PS3.3 C.17.3), each one line to make; children are nested in them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.sr.coding import Code

from mammolens.dicom.derived.standard_codes import UCUM

CONTAINS = "CONTAINS"
HAS_PROPERTIES = "HAS PROPERTIES"
HAS_CONCEPT_MOD = "HAS CONCEPT MOD"
HAS_ACQ_CONTEXT = "HAS ACQ CONTEXT"
HAS_OBS_CONTEXT = "HAS OBS CONTEXT"
INFERRED_FROM = "INFERRED FROM"
SELECTED_FROM = "SELECTED FROM"


def code(relationship: str, name: Code, value: Code, *children: Dataset) -> Dataset:
    """A CODE item."""
    from highdicom.sr import CodeContentItem

    return _with_children(CodeContentItem(name, value, relationship), children)


def text(relationship: str, name: Code, value: str) -> Dataset:
    """A TEXT item."""
    from highdicom.sr import TextContentItem

    return Dataset(TextContentItem(name, value, relationship))


def container(relationship: str | None, name: Code, *children: Dataset, template: str | None = None) -> Dataset:
    """A CONTAINER item; without a relationship, the root of a report by a template of PS3.16."""
    from highdicom.sr import ContainerContentItem

    item = ContainerContentItem(name, False, template, relationship)
    return _with_children(item, children)


def millimetres(relationship: str, name: Code, value: float) -> Dataset:
    """A NUM item in mm."""
    from highdicom.sr import NumContentItem

    return Dataset(NumContentItem(name, value, UCUM.Millimeter, relationship_type=relationship))


def image(relationship: str, source: Dataset, *children: Dataset) -> Dataset:
    """An IMAGE item without a name."""
    item = Dataset()
    item.RelationshipType, item.ValueType = relationship, "IMAGE"
    reference = Dataset()
    reference.ReferencedSOPClassUID = source.SOPClassUID
    reference.ReferencedSOPInstanceUID = source.SOPInstanceUID
    item.ReferencedSOPSequence = DicomSequence([reference])
    return _with_children(item, children)


def place(relationship: str, name: Code, graphic: str, points: NDArray[np.float64], *children: Dataset) -> Dataset:
    """A SCOORD item: ``points`` are ``(n, 2)`` as (column, row) from the upper left pixel's corner."""
    from highdicom.sr import ScoordContentItem

    return _with_children(ScoordContentItem(name, graphic, points, relationship_type=relationship), children)


def by_reference(relationship: str, *identifier: int) -> Dataset:
    """A relationship to an item elsewhere in the tree, by its position: 1 is the root (PS3.3 C.17.3.2.5)."""
    item = Dataset()
    item.RelationshipType, item.ReferencedContentItemIdentifier = relationship, list(identifier)
    return item


def _with_children(item: Any, children: tuple[Dataset, ...]) -> Dataset:
    plain = Dataset(item)  # highdicom's own items take no item by reference for a child
    if children:
        plain.ContentSequence = DicomSequence(list(children))
    return plain
