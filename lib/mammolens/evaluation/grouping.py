"""Images by site, by machine and by other traits: the groups for which figures are given."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from mammolens.evaluation.baselines import years_of
from mammolens.evaluation.scored import ScoredImage

ALL: Final = "all"
Group = tuple[str, list[ScoredImage]]
Trait = Callable[[ScoredImage], str | None]
_DENSITY_COLUMNS: Final = ("density", "tissue")  # BI-RADS A to D; mini-MIAS' F, G and D


def by_site(images: Sequence[ScoredImage]) -> list[Group]:
    """All images, then those of each site ('site X') where sites differ; images without a site count in 'all' only."""
    return [(ALL, list(images)), *_prefixed("site", images)]


def by_machine(images: Sequence[ScoredImage]) -> list[Group]:
    """The images of each machine ('machine X') where machines differ."""
    return _prefixed("machine", images)


def by_trait(images: Sequence[ScoredImage], dimension: str) -> list[tuple[str, list[ScoredImage]]]:
    """The images of each value of a trait of :data:`TRAITS`, by the value; empty if all have the same.

    Images of which the trait is unknown are in no group.
    """
    groups: dict[str | None, list[ScoredImage]] = defaultdict(list)
    for image in images:
        groups[TRAITS[dimension](image)].append(image)
    if len(groups) < 2:
        return []
    known = [(value, members) for value, members in groups.items() if value is not None]
    return sorted(known, key=lambda group: group[0])


def decade_of_age(image: ScoredImage) -> str | None:
    """Such as '60-69'; ``None`` where the age is unknown."""
    years = years_of(image.covariates)
    if not math.isfinite(years):
        return None
    start = int(years // 10) * 10
    return f"{start}-{start + 9}"


def density(image: ScoredImage) -> str | None:
    """The breast density as the data set says it."""
    return next((image.covariates[column] for column in _DENSITY_COLUMNS if image.covariates.get(column)), None)


TRAITS: Final[Mapping[str, Trait]] = MappingProxyType(
    {
        "site": lambda image: image.site or None,
        "machine": lambda image: image.acquisition_group or None,
        "view": lambda image: image.view,
        "density": density,
        "age": decade_of_age,
    }
)


def _prefixed(dimension: str, images: Sequence[ScoredImage]) -> list[Group]:
    return [(f"{dimension} {value}", members) for value, members in by_trait(images, dimension)]
