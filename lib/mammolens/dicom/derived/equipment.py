"""Who made a derived object: General Equipment module and algorithm identification."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset

from mammolens import __version__
from mammolens.dicom.derived.identity import SERIES_NUMBERS, instance_uid, series_uid
from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.dicom.derived.standard_codes import DCM
from mammolens.types import AnomalyRecord

MANUFACTURER = "MammoLens developers"
PRODUCT = "MammoLens"
_LONG_STRING = 64  # characters of VR LO (PS3.5 6.2)
_DESCRIPTIONS = {
    DerivedKind.SEGMENTATION: "anomaly levels",
    DerivedKind.PARAMETRIC_MAP: "anomaly map",
    DerivedKind.SECONDARY_CAPTURE: "anomaly overlay",
    DerivedKind.REPORT: "anomaly report",
    DerivedKind.CAD_REPORT: "anomaly CAD report",
    DerivedKind.PRESENTATION_STATE: "anomaly findings",
}


def series_description(kind: DerivedKind) -> str:
    """What a viewer shows as the series' name."""
    return f"{PRODUCT} {_DESCRIPTIONS[kind]}, research use only"


def identification(kind: DerivedKind, sources: list[Dataset], record: AnomalyRecord) -> dict[str, Any]:
    """Series, instance and equipment of a derived object, as arguments of highdicom's constructors.

    Args:
        kind: of object.
        sources: data sets of its source images; its study is that of the first.
        record: of any of the results; names model and calibration.
    """
    uids = [str(source.SOPInstanceUID) for source in sources]
    instance = instance_uid(kind, uids, record.model, record.calibration)
    return {
        "series_instance_uid": series_uid(kind, instance),
        "series_number": SERIES_NUMBERS[kind],
        "series_description": series_description(kind),
        "sop_instance_uid": instance,
        "instance_number": 1,
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": PRODUCT,
        "software_versions": __version__,
        "device_serial_number": short(record.model),
    }


def algorithm(record: AnomalyRecord) -> Any:
    """Algorithm Identification macro (PS3.3 10.17): name, model as version, calibration as parameter."""
    from highdicom import AlgorithmIdentificationSequence

    return AlgorithmIdentificationSequence(
        name=PRODUCT,
        version=short(record.model),
        family=DCM.ArtificialIntelligence,
        source=MANUFACTURER,
        parameters={"calibration": record.calibration, "package": __version__},
    )


def short(text: str) -> str:
    """Shorten to the maximum length of a Long String; the end of an id identifies it."""
    return text if len(text) <= _LONG_STRING else f"...{text[-_LONG_STRING + 3 :]}"
