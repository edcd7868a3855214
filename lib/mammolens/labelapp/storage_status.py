"""What the receiver of an object answers by C-STORE and STOW-RS: codes of PS3.7 annex C and PS3.4 table B.2-1."""

from __future__ import annotations

from typing import Final

SUCCESS: Final = 0x0000
PROCESSING_FAILURE: Final = 0x0110
DUPLICATE: Final = 0x0111
OUT_OF_RESOURCES: Final = 0xA700
CANNOT_UNDERSTAND: Final = 0xC000

# By the mask that the classes of codes have.
_WORDS: Final[tuple[tuple[int, int, str], ...]] = (
    (0xFFFF, PROCESSING_FAILURE, "processing failure"),
    (0xFFFF, 0x0117, "invalid SOP instance"),
    (0xFFFF, 0x0122, "SOP class not supported"),
    (0xFFFF, 0x0124, "not authorised"),
    (0xFFFF, 0xC122, "transfer syntax not supported"),
    (0xFF00, OUT_OF_RESOURCES, "out of resources"),
    (0xFF00, 0xA900, "data set does not match its SOP class"),
    (0xF000, CANNOT_UNDERSTAND, "cannot be understood"),
)
_OF_THE_OBJECT: Final = ((0xFFFF, 0x0117), (0xFFFF, 0x0122), (0xFF00, 0xA900), (0xF000, CANNOT_UNDERSTAND))
_WARNINGS: Final = ((0xFFFF, 0x0001), (0xFFFF, 0x0107), (0xFFFF, 0x0116), (0xF000, 0xB000))


def is_stored(status: int) -> bool:
    """Whether the receiver has the object: it says so, perhaps with a warning, or had it before.

    Example:
        >>> [is_stored(status) for status in (SUCCESS, DUPLICATE, 0xB000, OUT_OF_RESOURCES)]
        [True, True, True, False]
    """
    return status in (SUCCESS, DUPLICATE) or _is_any_of(status, _WARNINGS)


def is_about_the_object(status: int) -> bool:
    """Whether the receiver would refuse the same object again, regardless of its own state."""
    return _is_any_of(status, _OF_THE_OBJECT)


def status_text(status: int) -> str:
    """The status in words, with its code.

    Example:
        >>> status_text(0xA700)
        'out of resources, A700H'
    """
    words = next((words for mask, code, words in _WORDS if status & mask == code), "no reason given")
    return f"{words}, {status:04X}H"


def _is_any_of(status: int, codes: tuple[tuple[int, int], ...]) -> bool:
    return any(status & mask == code for mask, code in codes)
