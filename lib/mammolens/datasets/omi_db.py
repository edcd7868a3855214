"""OMI-DB, the OPTIMAM Mammography Image Database: FFDM of British screening, as its Python package describes it.

``data/CLIENT/imagedb_CLIENT.json`` names the images of each study with the marks on them (X1, Y1, X2, Y2 in pixels),
``data/CLIENT/nbss_CLIENT.json`` the episodes of the National Breast Screening System with opinions on each breast, and
``images/CLIENT/STUDY/IMAGE.dcm`` are the images; names may be in capitals. Sources: the package omidb and
https://medphys.royalsurrey.nhs.uk/omidb/; what neither describes is not read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mammolens.datasets.base import Case, Dataset, Lesion
from mammolens.datasets.left_out import READERS, LeftOut
from mammolens.datasets.presence import existing
from mammolens.dicom.reader import read_header
from mammolens.enums import Laterality
from mammolens.errors import DatasetError
from mammolens.types import ImageAttributes

LICENCE: Final = "OMI-DB: by data access agreement with Cancer Research UK; no redistribution"
CITATION: Final = (
    "Halling-Brown MD, Warren LM, Ward D, et al. OPTIMAM Mammography Image Database: A Large-Scale Resource of "
    "Mammography Images and Clinical Data. Radiol Artif Intell 3(1):e200103 (2021). doi:10.1148/ryai.2020200103"
)
_MALIGNANT: Final = frozenset({"OM", "Malignant"})  # an opinion is a code or its meaning
_BENIGN: Final = frozenset({"OB", "Benign"})
_INTERVAL_CANCER: Final = "CI"
_TISSUE: Final = ("SURGERY", "BIOPSYWIDE")  # events whose opinion is that of a pathologist
_SIDES: Final = {Laterality.LEFT: "left_opinion", Laterality.RIGHT: "right_opinion"}
_FINDINGS: Final = {"Mass": "mass", "SuspiciousCalcifications": "calcifications", "FocalAsymmetry": "asymmetry",
                    "ArchitecturalDistortion": "distortion"}  # fmt: skip
_Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Image:
    """An image with its marks, its episode and all episodes of its client."""

    path: Path
    client: str
    study: str
    site: str | None
    marks: _Json
    episode: _Json
    episodes: _Json


def found_at(path: Path) -> bool:
    """Whether there is a client's folder with its imagedb."""
    data = _named(path, "data")
    return data.is_dir() and any(_named(client, f"imagedb_{client.name}.json").is_file() for client in data.iterdir())


def open_omi_db(path: Path) -> Dataset:
    """The images FOR PRESENTATION that ``path/data`` lists and that are in ``path/images``.

    Abnormal is a breast that surgery or biopsy of the same episode found malignant. Normal is one of an episode with
    such an opinion on the other breast or a benign one on this, and any of a client who has neither cancer nor interval
    cancer; other images, such as those before a cancer, are neither. ``clean_normal`` is an image of a client without
    malignant and benign opinions. Lesions are the marks' boxes, on images that are not normal.

    Raises:
        DatasetError: none of the images exists.
    """
    with LeftOut(path) as left_out:
        images = list(_images(path, left_out))
        cases = existing(left_out.cases(images, _case, threads=READERS), path)
    return Dataset("omi-db", cases, LICENCE, CITATION)


def _named(folder: Path, name: str) -> Path:
    """A file or folder whose name may begin with, or be, capitals."""
    prefix, mark, rest = name.partition("_")
    capitals = folder / f"{prefix.upper()}{mark}{rest}"
    return capitals if capitals.exists() else folder / name


def _images(path: Path, left_out: LeftOut) -> Iterator[_Image]:
    for client in sorted(folder for folder in _named(path, "data").iterdir() if folder.is_dir()):
        try:
            yield from _images_of(client, _named(path, "images") / client.name)
        except DatasetError as error:
            left_out.add(error)


def _images_of(client: Path, folder: Path) -> Iterator[_Image]:
    images, episodes = (_loaded(_named(client, f"{name}_{client.name}.json")) for name in ("imagedb", "nbss"))
    site = images.get("Site")
    for study, series in _objects(images.get("STUDIES")):
        episode = episodes.get(str(series.get("EpisodeID")))
        for _, files in _objects(series):
            for name, marks in files.items():
                yield _Image(
                    folder / study / f"{name}.dcm",
                    client.name,
                    study,
                    str(site) if site else None,
                    marks if isinstance(marks, dict) else {},
                    episode if isinstance(episode, dict) else {},
                    episodes,
                )


def _loaded(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DatasetError(file, f"cannot be read ({error.strerror})", "download the client again") from error
    except ValueError as error:
        raise DatasetError(file, f"is not JSON ({error})", "download the client again") from error
    if not isinstance(document, dict):
        raise DatasetError(file, "is not a JSON object", "download the client again")
    return document


def _objects(document: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(document, Mapping):
        yield from ((str(name), value) for name, value in document.items() if isinstance(value, dict))


def _case(image: _Image) -> Case:
    if not image.path.is_file():  # counted with all other missing images
        return Case(image.path, image.client)
    header = read_header(image.path)
    truth = _truth(image, header.laterality)
    is_clean = truth is False and not image.marks and not _opinions_of_client(image) & (_MALIGNANT | _BENIGN)
    return Case(
        path=image.path,
        patient_id=image.client,
        attributes=ImageAttributes(image.client, image.study),
        abnormal=truth,
        clean_normal=is_clean,
        site=image.site,
        lesions=() if truth is False else tuple(_lesion(mark, image.path) for _, mark in _objects(image.marks)),
    )


def _truth(image: _Image, side: Laterality | None) -> bool | None:
    own = _opinions(image.episode, side)
    if own & _MALIGNANT:
        return True
    if own & _BENIGN:
        return False
    episodes = [episode for _, episode in _objects(image.episodes)]
    had_interval_cancer = any(episode.get("EpisodeType") == _INTERVAL_CANCER for episode in episodes)
    if not had_interval_cancer and not _opinions_of_client(image) & _MALIGNANT:
        return False
    other_breast = side is not None and _opinions(image.episode) & _MALIGNANT
    return False if other_breast and image.episode.get("EpisodeType") != _INTERVAL_CANCER else None


def _opinions(episode: _Json, side: Laterality | None = None) -> set[str]:
    """Pathologists' opinions on one breast in an episode, or on both."""
    keys = (_SIDES[side],) if side else tuple(_SIDES.values())
    events = (event for name, event in _objects(episode) if name in _TISSUE)
    return {str(event[key]) for event in events for key in keys if event.get(key)}


def _opinions_of_client(image: _Image) -> set[str]:
    return {opinion for _, episode in _objects(image.episodes) for opinion in _opinions(episode)}


def _lesion(mark: _Json, path: Path) -> Lesion:
    try:
        (left, right), (top, bottom) = (sorted(float(mark[f"{axis}{end}"]) for end in (1, 2)) for axis in "XY")
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(path, f"one of its marks has no box ({error!r})", "download the client again") from error
    kind = " + ".join(word for name, word in _FINDINGS.items() if mark.get(name))
    return Lesion.in_box(top, left, bottom, right, shape="box", kind=kind)
