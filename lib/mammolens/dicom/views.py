"""Laterality and view of a mammogram from its attributes and their code sequences."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import Dataset

from mammolens.dicom.header_values import stated_value, text_of
from mammolens.dicom.view_terms import ViewModifier, ViewTerm, term_of_code, term_of_words
from mammolens.enums import AttributeSource, Laterality, ViewPosition, member

_DIRECTIONS = frozenset("APRLHF")  # anterior, posterior, right, left, head, foot
# PS3.16 CID 244 'Laterality'.
_LATERALITY_CODES = {
    "7771000": Laterality.LEFT,
    "G-A101": Laterality.LEFT,
    "24028007": Laterality.RIGHT,
    "G-A100": Laterality.RIGHT,
}
_OPPOSITE = {Laterality.LEFT: Laterality.RIGHT, Laterality.RIGHT: Laterality.LEFT}


def laterality_of(dataset: Dataset) -> tuple[Laterality | None, AttributeSource]:
    """From Image Laterality, Laterality, the Anatomic Region's modifier (PS3.3 C.8.11.7), or a view such as 'LCC'."""
    return next(_stated_lateralities(dataset), (None, AttributeSource.UNKNOWN))


def contradicts_laterality(dataset: Dataset) -> bool:
    """Whether attributes name both sides, or Patient Orientation is that of the other breast's oblique view."""
    stated = {laterality for laterality, _ in _stated_lateralities(dataset)}
    oriented = _laterality_of_oblique(dataset)
    return len(stated | {oriented} if stated and oriented else stated) > 1


def view_of(dataset: Dataset) -> tuple[ViewPosition | None, AttributeSource]:
    """From the View Code Sequence, which replaces View Position (PS3.3 C.8.11.5.1.1), or from View Position.

    Returns:
        The view and its source; ``None`` with a source other than ``UNKNOWN`` if the stated term is not known, so that
        the view is not guessed.
    """
    coded, worded = _coded_view(dataset), _worded_view(dataset).view
    if coded is not None and coded is not worded:
        return coded, AttributeSource.CODE_SEQUENCE
    if worded is not None or text_of(dataset, "ViewPosition"):
        return worded, AttributeSource.HEADER
    return None, AttributeSource.CODE_SEQUENCE if dataset.get("ViewCodeSequence") else AttributeSource.UNKNOWN


def header_contradicts_view(dataset: Dataset) -> bool:
    """Whether View Code Sequence and View Position name different views."""
    coded, worded = _coded_view(dataset), _worded_view(dataset).view
    return None not in (coded, worded) and coded is not worded


def unusable_view(dataset: Dataset) -> tuple[str, ...]:
    """The stated view, such as ``"ViewPosition 'AP'"``, if none of its terms is known."""
    view, source = view_of(dataset)
    if view is not None or source is AttributeSource.UNKNOWN:
        return ()
    if source is AttributeSource.HEADER:
        return (stated_value(dataset, "ViewPosition"),)
    codes = (f"{text_of(item, 'CodeValue')} {text_of(item, 'CodeMeaning')}" for item in dataset.ViewCodeSequence)
    return tuple(f"ViewCodeSequence {code.strip()!r}" for code in codes)


def view_modifiers_of(dataset: Dataset) -> frozenset[ViewModifier]:
    """All modifiers of the view: of its codes (PS3.16 CID 4015), also outside the View Code, and of its word."""
    views = list(dataset.get("ViewCodeSequence") or [])
    items = [*views, *(item for place in (dataset, *views) for item in place.get("ViewModifierCodeSequence") or [])]
    return _worded_view(dataset).modifiers.union(*(term_of_code(item).modifiers for item in items))


def patient_orientation_of(dataset: Dataset) -> tuple[str, str] | None:
    """Where rows and columns point to, such as ``("A", "FR")`` (PS3.3 C.7.6.1.1.1), or ``None``.

    Some archives write the view there, which is not an orientation.
    """
    stated = dataset.get("PatientOrientation")
    values = [stated] if isinstance(stated, str) else [str(value).strip().upper() for value in stated or ()]
    if len(values) != 2 or not all(value and set(value) <= _DIRECTIONS for value in values):
        return None
    return values[0], values[1]


def _stated_lateralities(dataset: Dataset) -> Iterator[tuple[Laterality, AttributeSource]]:
    for keyword in ("ImageLaterality", "Laterality"):
        stated = member(Laterality, dataset.get(keyword))
        if stated is not None:
            yield stated, AttributeSource.HEADER
    for region in dataset.get("AnatomicRegionSequence") or []:
        for modifier in region.get("AnatomicRegionModifierSequence") or []:
            code = _LATERALITY_CODES.get(str(modifier.get("CodeValue")))
            if code is not None:
                yield code, AttributeSource.CODE_SEQUENCE
    worded = _worded_view(dataset).laterality
    if worded is not None:
        yield worded, AttributeSource.HEADER


def _laterality_of_oblique(dataset: Dataset) -> Laterality | None:
    """The breast whose MLO or LMO runs this way: outwards with the head, inwards with the feet."""
    if view_of(dataset)[0] not in (ViewPosition.MLO, ViewPosition.LMO):
        return None
    for direction in patient_orientation_of(dataset) or ():
        side = next((laterality for laterality in Laterality if laterality.value in direction), None)
        if side is not None and len({"H", "F"} & set(direction)) == 1:
            return side if "H" in direction else _OPPOSITE[side]
    return None


def _coded_view(dataset: Dataset) -> ViewPosition | None:
    terms = map(term_of_code, dataset.get("ViewCodeSequence") or [])
    return next((term.view for term in terms if term.view), None)


def _worded_view(dataset: Dataset) -> ViewTerm:
    return term_of_words(text_of(dataset, "ViewPosition"))
