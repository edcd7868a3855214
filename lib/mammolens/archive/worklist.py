"""The exams of stored scores, the most anomalous first, as a table and as CSV."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mammolens import RESEARCH_USE_ONLY
from mammolens.archive.rows import ExamRow, FailureKind, arrow_schema
from mammolens.archive.score_files import EXAMS, IMAGES, Manifest, manifests, parts
from mammolens.errors import DatasetError
from mammolens.files import atomic_file
from mammolens.types import ExamKey

_LISTS: Final = {"views": ", ", "quality_flags": " "}  # joined in CSV, by this
_ORDER: Final = [("exam_p_value", "ascending"), ("exam_score", "descending"), ("patient", "ascending")]


@dataclass(frozen=True, slots=True)
class Worklist:
    """The scores of an archive by exam.

    Attributes:
        folder: of the results.
        manifests: of its shards, at least one.
        exams: columns of :class:`ExamRow`, the most anomalous first; those without a score last.
    """

    folder: Path
    manifests: tuple[Manifest, ...]
    exams: pa.Table

    @property
    def missing_shards(self) -> list[int]:
        """Numbers of the shards that are not complete."""
        done = {manifest.shard for manifest in self.manifests if manifest.complete}
        return [number for number in range(1, self.manifests[0].shards + 1) if number not in done]

    @property
    def images_with_score(self) -> int:
        """Number of all images that have one."""
        return int(self.exams["images"].to_numpy().sum())

    def scored_by(self) -> dict[str, str]:
        """What scored all images: ids of model and calibration, and the version of MammoLens.

        Raises:
            DatasetError: the shards differ.
        """
        found = [manifest.model_dump(include={"model", "calibration", "mammolens"}) for manifest in self.manifests]
        if any(one != found[0] for one in found):
            raise DatasetError(self.folder, "has scores of several models", "score all shards with one")
        return found[0]

    def failures(self) -> Counter[FailureKind]:
        """Images without a score, by reason."""
        found: Counter[FailureKind] = Counter()
        for part in parts(self.folder, IMAGES):
            column = pq.read_table(part, columns=["failure"]).column("failure")
            found.update(FailureKind(kind) for kind in column.to_pylist() if kind is not None)
        return found

    def scored_images(self, columns: list[str]) -> Iterator[dict[str, Any]]:
        """The rows of all images with a score, in the order in which they are stored.

        Args:
            columns: of :class:`~mammolens.archive.rows.ImageRow`.
        """
        return self._images(columns, pc.field("failure").is_null())

    def images_of(self, exams: Mapping[ExamKey, object], columns: list[str]) -> Iterator[dict[str, Any]]:
        """The same of some exams.

        Args:
            exams: by patient and exam.
            columns: beside patient and exam.
        """
        wanted = pa.array(sorted({exam for _, exam in exams}), pa.string())
        of_exams = pc.field("exam").isin(wanted) & pc.field("failure").is_null()
        for row in self._images(["patient", "exam", *columns], of_exams):
            if (row["patient"], row["exam"]) in exams:
                yield row

    def _images(self, columns: list[str], chosen: Any) -> Iterator[dict[str, Any]]:
        for part in parts(self.folder, IMAGES):
            yield from pq.read_table(part, columns=columns, filters=chosen).to_pylist()


def read_worklist(folder: Path) -> Worklist:
    """Read the exams of all shards; about 300 bytes of memory an exam.

    Raises:
        DatasetError: the folder has no scores.
    """
    found = manifests(folder)
    if not found:
        raise DatasetError(folder, "has no scores", "give the output folder of 'mammolens score'")
    schema = arrow_schema(ExamRow)
    tables = [pq.read_table(part, schema=schema) for part in parts(folder, EXAMS)]
    exams = pa.concat_tables(tables) if tables else schema.empty_table()
    return Worklist(folder, tuple(found), exams.sort_by(_ORDER))


def write_csv(worklist: Worklist, path: Path) -> None:
    """Write all exams, UTF-8: the columns of :class:`ExamRow`, and what scored them."""
    manifest = worklist.manifests[0]
    scored_by = {"model": manifest.model, "calibration": manifest.calibration, "notice": RESEARCH_USE_ONLY}
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, [*ExamRow.model_fields, *scored_by])
        table.writeheader()
        for batch in worklist.exams.to_batches():
            for row in batch.to_pylist():
                joined = {name: separator.join(row[name]) for name, separator in _LISTS.items()}
                table.writerow({**row, **joined, **scored_by})
