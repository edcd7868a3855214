"""A cache of prepared images, so that trials with the same preprocessing read each file once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from pathlib import Path

from mammolens.transforms.pipeline import Pipeline, Prepared
from mammolens.types import ImageAttributes

GIBIBYTE = 2**30


class PreparedImageCache:
    """Prepared images by the way they were prepared and by image; safe to share between threads.

    When it is full, images prepared in another way make room, the longest unused way first. What still finds
    no room is prepared again each time, which is slower and nothing else.

    Args:
        limit: in bytes of pixels.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._ways: dict[Hashable, dict[Hashable, Prepared]] = {}  # the longest unused first
        self._bytes = 0

    def get_or_prepare(self, way: Hashable, image: Hashable, prepare: Callable[[], Prepared]) -> Prepared:
        """The image as it was prepared before, else prepared now; errors are not remembered."""
        with self._lock:
            known = self._ways[way] = self._ways.pop(way, {})
            if image in known:
                return known[image]
        prepared = prepare()
        with self._lock:
            self._keep(way, image, prepared)
        return prepared

    def _keep(self, way: Hashable, image: Hashable, prepared: Prepared) -> None:
        needed = _size(prepared)
        while self._bytes + needed > self._limit:
            other = next((old for old in self._ways if old != way), None)
            if other is None:
                return
            self._bytes -= sum(map(_size, self._ways.pop(other).values()))
        known = self._ways.setdefault(way, {})
        if image not in known:
            known[image] = prepared
            self._bytes += needed


class CachingPipeline(Pipeline):
    """A pipeline that looks up the cache before it reads a file.

    Args:
        inner: reads and prepares what is not known yet.
        cache: shared by the pipelines of several runs.
        way: distinguishes pipelines of one configuration that prepare differently.
    """

    def __init__(self, inner: Pipeline, cache: PreparedImageCache, way: str = "") -> None:
        super().__init__(inner.config)
        self._inner, self._cache = inner, cache
        self._way = (way, inner.config.model_dump_json())

    def load(self, path: Path, attributes: ImageAttributes) -> Prepared:
        """Read and prepare an image file, or return it from the cache; raises the reader's errors."""
        return self._cache.get_or_prepare(self._way, (path, attributes), lambda: self._inner.load(path, attributes))


def _size(prepared: Prepared) -> int:
    return sum(int(tensor.nelement()) * tensor.element_size() for tensor in (prepared.image, prepared.mask))
