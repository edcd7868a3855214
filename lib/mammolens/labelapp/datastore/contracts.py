"""Protocols of datastores and models, as far as the server uses them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from pydicom.dataset import Dataset

from mammolens.inference.exam import ImageScore
from mammolens.labelapp.datastore.descriptions import ImageDescription
from mammolens.labelapp.datastore.results import ResultStore
from mammolens.types import AnomalyResult, Mammogram


class ImageScorer(Protocol):
    """One model; :class:`mammolens.inference.predictor.Predictor` is one."""

    @property
    def model_id(self) -> str:
        """Name and fingerprint."""

    @property
    def calibration_id(self) -> str:
        """Fingerprint of what its scores are standardised by."""

    def score(self, mammogram: Mammogram) -> ImageScore:
        """The score alone, without a map."""

    def predict(self, mammogram: Mammogram, siblings: Sequence[ImageScore] = ()) -> AnomalyResult:
        """Map, scores and p-values; ``siblings`` are the scores of the other views of the exam."""

    def image_p_value(self, score: ImageScore) -> float:
        """Share of normal images expected to score at least as high."""


class Images(Protocol):
    """A datastore, as far as the tasks use it."""

    def list_images(self) -> list[str]:
        """Ids, in a fixed order."""

    def get_image_uri(self, image_id: str) -> str:
        """Path of the file."""

    def get_image_info(self, image_id: str) -> dict[str, Any]:
        """What is remembered of an image."""

    def update_image_info(self, image_id: str, info: Mapping[str, Any]) -> None:
        """Merge into what is remembered."""


class ExamImages(Images, Protocol):
    """A datastore, as far as the exam service uses it."""

    @property
    def results(self) -> ResultStore:
        """The current results of its images and exams."""

    def describe(self, image_id: str) -> ImageDescription | None:
        """What is known of an image without decoding it; ``None`` for what is not a mammogram."""

    def files_passed_over(self) -> int:
        """Number of files that are not images for reading."""

    def version(self) -> object:
        """Another object as soon as anything that is remembered changes."""

    def infos(self, image_ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """What is remembered of images, not to be changed; each is another object as soon as it changes."""

    def update_image_infos(self, infos: Mapping[str, Mapping[str, Any]]) -> None:
        """Merge into what is remembered of several images, all of them or none."""

    def can_store(self) -> bool:
        """Whether there is a PACS to send results to."""

    def store(self, datasets: Sequence[Dataset]) -> None:
        """Send DICOM objects to the PACS."""
