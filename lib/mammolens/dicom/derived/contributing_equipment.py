"""Which equipment an object is due to: Contributing Equipment Sequence of the SOP Common module (PS3.3 C.12.1.1.5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as DicomSequence
from pydicom.sr.coding import Code

from mammolens.dicom.derived.equipment import short
from mammolens.dicom.derived.source import Source
from mammolens.dicom.derived.standard_codes import DCM

_OF_EQUIPMENT = ("Manufacturer", "ManufacturerModelName", "DeviceSerialNumber", "SoftwareVersions")
_DESCRIPTION = "Anomaly detection, research use only"


def contributing_equipment(dataset: Dataset, sources: Sequence[Source]) -> DicomSequence:
    """The machines that acquired the sources, each once, and the software that made the object (PS3.16 CID 7005).

    A machine without a Manufacturer, which an item must have, is left out.

    Args:
        dataset: the object, with its General Equipment module.
        sources: images that it was made from.
    """
    machines = {_described(source.dataset): source.dataset for source in sources}
    items = [_item(DCM.AcquisitionEquipment, machine) for machine in machines.values() if _values(machine)]
    software = _item(DCM.ProcessingEquipment, dataset)
    software.ContributionDescription = _DESCRIPTION
    return DicomSequence([*items, software])


def _item(purpose: Code, equipment: Dataset) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = purpose[:3]
    item = Dataset()
    item.PurposeOfReferenceCodeSequence = DicomSequence([code])
    for keyword, value in _values(equipment):
        setattr(item, keyword, value)
    return item


def _described(equipment: Dataset) -> str:
    return repr(_values(equipment))


def _values(equipment: Dataset) -> list[tuple[str, str | list[str]]]:
    """What is known of a machine, as Long Strings; empty without a manufacturer."""
    known: list[tuple[str, str | list[str]]] = []
    for keyword in _OF_EQUIPMENT:
        stored = equipment.get(keyword)
        texts = _texts(stored if isinstance(stored, MultiValue) else [stored])
        if texts:
            known.append((keyword, texts if len(texts) > 1 else texts[0]))
    return known if known and known[0][0] == "Manufacturer" else []


def _texts(values: Iterable[object]) -> list[str]:
    """Without blanks around, control characters and backslashes (PS3.5 6.2)."""
    cleaned = ("".join(one for one in str(value or "") if one.isprintable() and one != "\\") for value in values)
    return [short(text.strip()) for text in cleaned if text.strip()]
