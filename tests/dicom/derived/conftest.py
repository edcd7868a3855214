"""Results with known heat of images with known headers, and programs that read what is made of them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import uid

from mammolens import RESEARCH_USE_ONLY
from mammolens.datasets.phantom import PhantomExam, make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.datasets.phantom_lesions import PhantomLesion, PhantomLesionKind
from mammolens.dicom.reader import read_header
from mammolens.enums import Laterality, QualityFlag
from mammolens.types import AnomalyRecord, AnomalyResult, Finding, ImageAttributes

LEVELS = {"low": 1.0, "moderate": 2.0, "high": 3.0}
ResultOf = Callable[..., AnomalyResult]
RunProgram = Callable[..., str]

_J2K, _RLE = uid.JPEG2000Lossless, uid.RLELossless
# Headers as they come, by what is odd about them; for the fixture ``write_dicom``.
_ODD_SOURCES: dict[str, dict[str, Any]] = {
    "nothing but what is needed": {},
    "MONOCHROME1": {"PhotometricInterpretation": "MONOCHROME1"},
    "anisotropic": {"ImagerPixelSpacing": ["0.2", "0.1"]},
    "JPEG 2000": {"syntax": _J2K},
    "RLE": {"syntax": _RLE},
    "no study, no series": {"StudyInstanceUID": None, "SeriesInstanceUID": None},
    "no patient": {"PatientID": None},
    "no side, no view": {"ImageLaterality": None, "ViewPosition": None},
    "frame of reference": {"FrameOfReferenceUID": "1.2.3.4", "ImageOrientationPatient": [0, 1, 0, 0, 0, -1]},
    "secondary capture": {"SOPClassUID": uid.SecondaryCaptureImageStorage, "PixelSpacing": ["0.1", "0.1"]},
    "computed radiography": {"SOPClassUID": uid.ComputedRadiographyImageStorage},
    "one frame of many": {"SOPClassUID": uid.BreastProjectionXRayImageStorageForPresentation, "NumberOfFrames": "1"},
    "private class": {"SOPClassUID": "1.2.840.113619.4.26"},
    "an odd patient": {"PatientName": "M\xfcller^J\xf6rg", "SpecificCharacterSet": "ISO_IR 100", "PatientSex": "X",
                       "PatientBirthDate": "1.4.1950", "StudyTime": "noon"},
}  # fmt: skip


@pytest.fixture(scope="session")
def an_exam_with_a_mass() -> PhantomExam:
    mass = PhantomLesion(PhantomLesionKind.MASS, Laterality.LEFT, diameter=30.0, contrast=0.3)
    return make_phantom_exam(7, rows=256, columns=208, spacing=(1.0, 1.0), lesions=[mass])


@pytest.fixture
def phantom_files(an_exam_with_a_mass: PhantomExam, tmp_path: Path) -> list[Path]:
    """R CC, L CC, R MLO, L MLO."""
    return write_phantom_exam(an_exam_with_a_mass, tmp_path / "phantom")


@pytest.fixture(scope="session")
def result_of() -> ResultOf:
    """A result of the image at a path: heat is 0 but for what ``heat`` says; findings as given."""
    return _result


def _result(
    path: Path,
    heat: NDArray[np.floating[Any]] | None = None,
    *,
    findings: tuple[Finding, ...] = (),
    attributes: ImageAttributes | None = None,
    shape: tuple[int, int] | None = None,
    **record: Any,
) -> AnomalyResult:
    header = read_header(path, attributes or ImageAttributes())
    rows, columns = heat.shape if heat is not None else shape or (80, 72)
    anomaly_map = np.zeros((rows, columns), np.float32) if heat is None else heat.astype(np.float32)
    stated: dict[str, Any] = {
        "path": str(path), "sop_instance_uid": header.sop_instance_uid, "patient": header.patient_id,
        "exam": header.exam_id, "laterality": header.laterality, "laterality_source": header.laterality_source,
        "view": header.view, "view_source": header.view_source, "acquisition_group": None, "rows": rows,
        "columns": columns, "spacing_source": header.spacing.source if header.spacing else "none", "raw_score": 0.1,
        "pred_score": 2.5, "threshold": 1.5, "is_anomalous": True,
        "decision_rule": "flags at most 10 % of normal exams",
        "p_value": 0.04, "percentile": 96.0, "category": "highly_unusual", "breast_score": 2.25,
        "breast_p_value": 0.25, "breast_decile": 8, "breast_category": "within_normal_range",
        "exam_score": 1.75, "exam_p_value": 0.03,
        "exam_decile": 10, "exam_category": "highly_unusual", "exam_percentile": 97.0,
        "exam_calibration_patients": 99, "exam_is_anomalous": True,
        "asymmetry": None, "asymmetry_p_value": None,
        "levels": LEVELS, "level_shares": {"low": 0.5, "moderate": 0.2, "high": 0.05}, "findings": list(findings),
        "findings_left_out": 0, "quality_flags": [QualityFlag.VIEW_GUESSED], "outlying_statistic": None,
        "unusable_attributes": [],
        "model": "made-0123456789ab", "calibration": "cal-0123456789ab", "limitation": None,
        "notice": RESEARCH_USE_ONLY,
    }  # fmt: skip
    full = AnomalyRecord(**{**stated, **record})
    return AnomalyResult(
        header=header,
        record=full,
        anomaly_map=anomaly_map,
        restore=lambda: np.zeros((rows, columns), np.float32),
    )


@pytest.fixture(scope="session")
def a_finding() -> Finding:
    """A box from column 10, row 20 to column 19, row 39; its peak is in column 12, row 30."""
    return Finding(
        contour=[(9.5, 19.5), (19.5, 19.5), (19.5, 39.5), (9.5, 39.5), (9.5, 19.5)],
        bounding_box=(10, 20, 19, 39),
        area_pixels=200,
        area_mm2=200.0,
        peak=4.5,
        peak_location=(12, 30),
        mean=3.5,
        level="high",
        percentile=97.5,
        position="upper",
        position_guessed=False,
        depth="middle",
        skin_distance_mm=12.0,
        nipple_distance_mm=None,
        anatomy=None,
    )


@pytest.fixture(scope="session")
def run_program() -> RunProgram:
    """What a program of dicom3tools or dcmtk says of its arguments; skips where it is not installed."""

    def run(program: str, *arguments: object) -> str:
        found = shutil.which(program)
        if found is None and os.environ.get("CI") != "true":
            pytest.skip(f"{program} is not installed (Debian packages dicom3tools, dcmtk)")
        assert found, f"{program} is not installed"
        command = [found, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")
        return done.stdout + done.stderr

    return run


@pytest.fixture(scope="session")
def assert_conformant(run_program: RunProgram) -> Callable[[Path, str], None]:
    """Asserts that dciodvfy takes a file for an object of that IOD, and finds no error in it."""

    def check(path: Path, iod: str) -> None:
        report = run_program("dciodvfy", path)
        assert iod in report.splitlines(), report
        assert "Error" not in report, report

    return check


@pytest.fixture(params=_ODD_SOURCES)
def an_odd_source(
    request: pytest.FixtureRequest, write_dicom: Callable[..., Path], values_of: Callable[..., Any]
) -> Path:
    """Each of the headers above."""
    return write_dicom(values_of(), BitsStored=12, **_ODD_SOURCES[request.param])
