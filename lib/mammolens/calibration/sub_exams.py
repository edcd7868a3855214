"""Exams of fewer views formed from complete ones, to compare incomplete exams with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations, product

Shape = tuple[int, ...]  # how many images of each breast, the most first
Breast = tuple[float, ...]  # standardised scores of its images


def shape_of(breasts: Sequence[Sequence[object]]) -> Shape:
    """Images of each breast, the most first."""
    return tuple(sorted(map(len, breasts), reverse=True))


def sub_exams(breasts: Sequence[Breast], shape: Shape) -> list[tuple[Breast, ...]]:
    """Exams of this shape formed from one exam; if it has too few images, the closest ones.

    A breast with more images than required gives all runs of neighbouring images, cyclically: each image counts equally
    often, and their number stays small.

    Args:
        breasts: of the exam, at least one image each.
        shape: of the required exams.

    Returns:
        At least one exam, each a tuple of breasts; the exam itself, once, if it has this shape.
    """
    wanted = shape[: len(breasts)] + (0,) * (len(breasts) - len(shape))
    sizes = {
        tuple(min(size, len(breast)) for size, breast in zip(order, breasts, strict=True))
        for order in permutations(wanted)
    }
    most = max(map(sum, sizes))
    return [exam for size in sorted(sizes) if sum(size) == most for exam in _of_sizes(breasts, size)]


def _of_sizes(breasts: Sequence[Breast], sizes: Shape) -> Iterator[tuple[Breast, ...]]:
    return product(*(list(_runs(breast, size)) for breast, size in zip(breasts, sizes, strict=True) if size))


def _runs(breast: Breast, size: int) -> Iterator[Breast]:
    for start in range(len(breast) if size < len(breast) else 1):
        yield (breast[start:] + breast[:start])[:size]
