"""Properties that all derived objects share, set after highdicom created them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from mammolens.dicom.derived.contributing_equipment import contributing_equipment
from mammolens.dicom.derived.identity import derived_uid
from mammolens.dicom.derived.source import Source
from mammolens.enums import QualityFlag

_UTF_8 = "ISO_IR 192"  # holds any name of any source

# Patients' names without a caret are common and harmless. Said once for the process, because
# warnings.catch_warnings is not safe in threads.
warnings.filterwarnings("ignore", message=".*unlikely to represent the intended person name", module=r"highdicom\.")


def finalised_image(dataset: Dataset, source: Source) -> Dataset:
    """As :func:`finalised`, for an object of one image; sets Lossy Image Compression (PS3.3 C.7.6.1.1.5)."""
    if QualityFlag.LOSSY_COMPRESSED in source.header.flags:
        dataset.LossyImageCompression = "01"
    return finalised(dataset, [source])


def finalised(dataset: Dataset, sources: Sequence[Source]) -> Dataset:
    """Make a new object reproducible, name its equipment, and correct its references to its sources.

    The same input gives the same object except for Content Date and Time, and Date and Time of Secondary Capture,
    which are the time of writing.
    """
    dataset.SpecificCharacterSet = _UTF_8
    dataset.ContributingEquipmentSequence = contributing_equipment(dataset, sources)
    dimensions = derived_uid("dimensions", str(dataset.SOPInstanceUID))
    for keyword in ("DimensionOrganizationSequence", "DimensionIndexSequence"):
        for item in dataset.get(keyword, DicomSequence()):
            item.DimensionOrganizationUID = dimensions
    _name_classes(dataset, {source.dataset.SOPInstanceUID: source.sop_class_uid for source in sources})
    return dataset


def _name_classes(dataset: Dataset, classes: dict[str, str]) -> None:
    referenced = classes.get(dataset.get("ReferencedSOPInstanceUID"))
    if referenced is not None:
        dataset.ReferencedSOPClassUID = referenced
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                _name_classes(item, classes)
