"""Read and prepare cases once, several at a time, and leave out what cannot be used."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from mammolens.calibration.standardisation import Source
from mammolens.datasets.base import Case
from mammolens.errors import InputError
from mammolens.training.normal import Normal
from mammolens.transforms.load import header_of
from mammolens.transforms.pipeline import Pipeline, Prepared

logger = logging.getLogger(__name__)


def prepared_cases(
    cases: Sequence[Case], pipeline: Pipeline, on_done: Callable[[], None]
) -> Iterator[tuple[Case, Prepared]]:
    """Prepared images in the order of the cases; unusable ones are logged and left out."""

    def prepare(case: Case) -> Prepared | InputError:
        try:
            return pipeline.load(case.path, case.attributes)
        except InputError as error:
            return error

    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        # Only a few ahead: little memory, and whoever stops does not wait for all the others.
        rest = ((case, pool.submit(prepare, case)) for case in cases)
        ahead = deque(islice(rest, 2 * workers))
        while ahead:
            case, future = ahead.popleft()
            prepared = future.result()
            ahead.extend(islice(rest, 1))
            on_done()
            if isinstance(prepared, InputError):
                logger.warning("left out: %s", prepared)
            else:
                yield case, prepared


@dataclass(frozen=True, slots=True)
class Gathered:
    """The cases that can be used, their images, and the machine and view of each."""

    cases: tuple[Case, ...]
    images: tuple[Normal, ...]
    sources: tuple[Source, ...]


def gathered(cases: Sequence[Case], pipeline: Pipeline, on_done: Callable[[], None], *, trimmed: bool) -> Gathered:
    """All images at once: whole grids, all of one size, or ``trimmed`` to the breast."""
    used: list[tuple[Case, Normal, Source]] = []
    for case, prepared in prepared_cases(cases, pipeline, on_done):
        image, header = Normal.of(prepared), header_of(prepared.image)
        source = Source(header.acquisition_group, header.view)
        used.append((case, image.trimmed() if trimmed else image, source))
    return Gathered(*(tuple(part) for part in zip(*used, strict=True))) if used else Gathered((), (), ())
