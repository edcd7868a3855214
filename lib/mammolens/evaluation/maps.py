"""Localisation as figures with intervals: the model's map and those of baselines and other models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from mammolens.evaluation import froc
from mammolens.evaluation.bootstrap import Interval, PatientBootstrap, Statistic
from mammolens.evaluation.localisation import Localisation
from mammolens.evaluation.results import ClassCount, FrocPoint, MapResult
from mammolens.evaluation.scored import MODEL, ScoredImage

_Measure = Callable[[Sequence[Localisation]], Statistic]


def measure_maps(images: Sequence[ScoredImage], n_bootstrap: int, seed: int, level: float) -> Iterator[MapResult]:
    """A result for each map, the model's first; empty if no lesion is located.

    Another map is measured, and compared with the model's, on the images for which it is known.
    """
    names = dict.fromkeys([MODEL, *(name for image in images for name in image.localisations)])
    for name in names:
        known = [image for image in images if {MODEL, name} <= image.localisations.keys()]
        if any(image.localisations[MODEL].located for image in known):
            yield _Map(name, known, n_bootstrap, seed, level).result()


class _Map:
    """One map on its images; resamples are drawn once for the images with a lesion, once for all."""

    def __init__(self, name: str, images: Sequence[ScoredImage], n_bootstrap: int, seed: int, level: float) -> None:
        self.name, self.level = name, level
        self.images = images
        self.ill = [image for image in images if image.localisations[MODEL].located]
        self._of_ill, self._of_all = (_resamples(members, n_bootstrap, seed) for members in (self.ill, images))

    def result(self) -> MapResult:
        """All figures of the map."""
        return MapResult(
            self.name,
            ClassCount(len(self.images) - len(self.ill), len(self.ill)),
            sum(image.localisations[MODEL].lesions for image in self.ill),
            self._value(froc.pixel_auroc),
            self._value(froc.pixel_auroc_within),
            self._value(froc.hit_rate),
            tuple(FrocPoint(rate, self._found(rate)) for rate in froc.FALSE_POSITIVES_PER_IMAGE),
            self._gain(froc.pixel_auroc),
            self._gain(froc.pixel_auroc_within),
            self._gain(froc.hit_rate),
        )

    def _value(self, measure: _Measure) -> Interval:
        return self._of_ill.interval(measure(_places(self.ill, self.name)), self.level)

    def _found(self, false_positives_per_image: float) -> Interval:
        return self._of_all.interval(froc.froc(_places(self.images, self.name), false_positives_per_image), self.level)

    def _gain(self, measure: _Measure) -> Interval | None:
        if self.name == MODEL:
            return None
        ours, theirs = (measure(_places(self.ill, name)) for name in (MODEL, self.name))
        return self._of_ill.interval(lambda weights: ours(weights) - theirs(weights), self.level)


def _places(images: Sequence[ScoredImage], name: str) -> list[Localisation]:
    return [image.localisations[name] for image in images]


def _resamples(images: Sequence[ScoredImage], n_bootstrap: int, seed: int) -> PatientBootstrap:
    patients = np.array([image.patient_id for image in images], dtype=np.str_)
    ill = np.array([image.localisations[MODEL].located for image in images], dtype=np.bool_)
    return PatientBootstrap.of(patients, ill, n_bootstrap, seed)
