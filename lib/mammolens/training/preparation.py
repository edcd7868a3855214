"""Read and prepare cases once, several at a time, and leave out what cannot be used."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import torch

from mammolens.datasets.base import Case
from mammolens.errors import InputError
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


def stacked(
    cases: Sequence[Case], pipeline: Pipeline, on_done: Callable[[], None]
) -> tuple[tuple[Case, ...], torch.Tensor]:
    """The cases that can be used, and their images as one tensor ``(n, 1, size, size)`` float32."""
    used = [(case, prepared.image.as_tensor()) for case, prepared in prepared_cases(cases, pipeline, on_done)]
    size = pipeline.config.size
    images = torch.stack([image for _, image in used]) if used else torch.empty(0, 1, size, size)
    return tuple(case for case, _ in used), images
