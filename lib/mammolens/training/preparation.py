"""Read and prepare cases once, two at a time, and leave out what cannot be used."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

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

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for case, prepared in zip(cases, pool.map(prepare, cases), strict=True):
            on_done()
            if isinstance(prepared, InputError):
                logger.warning("left out: %s", prepared)
            else:
                yield case, prepared


def stacked(cases: Sequence[Case], pipeline: Pipeline, on_done: Callable[[], None]) -> torch.Tensor:
    """All usable images as one tensor ``(n, 1, size, size)`` float32."""
    images = [prepared.image.as_tensor() for _, prepared in prepared_cases(cases, pipeline, on_done)]
    size = pipeline.config.size
    return torch.stack(images) if images else torch.empty(0, 1, size, size)
