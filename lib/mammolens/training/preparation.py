"""Read and prepare cases once, several at a time, and leave out what cannot be used."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice

from mammolens.datasets.base import Case
from mammolens.datasets.lesion_labels import lesion_labels
from mammolens.dicom.reader import read_mammogram
from mammolens.errors import InputError
from mammolens.training.sample import Sample
from mammolens.transforms.pipeline import Pipeline, Prepared

logger = logging.getLogger(__name__)


def prepared_cases(
    cases: Sequence[Case], pipeline: Pipeline, on_done: Callable[[], None], *, with_lesions: bool = False
) -> Iterator[tuple[Case, Prepared]]:
    """Prepared images in the order of the cases; unusable ones are logged and left out.

    Args:
        cases: to read.
        pipeline: that prepares them.
        on_done: called once a case.
        with_lesions: bring outlined lesions to the grid, too.
    """

    def prepare(case: Case) -> Prepared | InputError:
        try:
            if with_lesions and case.lesions:
                return _with_lesions(case, pipeline)
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
    """The cases that can be used, and their images."""

    cases: tuple[Case, ...]
    images: tuple[Sample, ...]

    def of(self, cases: Sequence[Case]) -> Gathered:
        """Those of them that can be used."""
        places = {case.path: place for place, case in enumerate(self.cases)}
        found = [(case, places[case.path]) for case in cases if case.path in places]
        return Gathered(tuple(case for case, _ in found), tuple(self.images[place] for _, place in found))


def gathered(cases: Sequence[Case], pipeline: Pipeline, on_done: Callable[[], None], *, trimmed: bool) -> Gathered:
    """All images at once: whole grids, all of one size, or ``trimmed`` to the breast."""
    used: list[tuple[Case, Sample]] = []
    for case, prepared in prepared_cases(cases, pipeline, on_done, with_lesions=True):
        image = Sample.of(prepared)
        used.append((case, image.trimmed() if trimmed else image))
    return Gathered(tuple(case for case, _ in used), tuple(image for _, image in used))


def _with_lesions(case: Case, pipeline: Pipeline) -> Prepared:
    """The lesions as ellipses, also where the mark is a box: hardly any lesion has corners."""
    mammogram = read_mammogram(case.path, case.attributes)
    shape = mammogram.pixels.shape
    outlined = lesion_labels([replace(lesion, shape="ellipse") for lesion in case.lesions], shape, shape) > 0
    return pipeline.prepare(mammogram, outlined)
