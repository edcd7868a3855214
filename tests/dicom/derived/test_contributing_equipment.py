from __future__ import annotations

import numpy as np
import pydicom
import pytest

from mammolens import __version__
from mammolens.dicom.derived.derive import derive_from_exam, derive_from_image, write_derived
from mammolens.dicom.derived.kinds import DerivedKind

MACHINE = {
    "Manufacturer": "ACME\n", "ManufacturerModelName": "X" * 80, "DeviceSerialNumber": "17",
    "SoftwareVersions": ["1.0", "2.0"],
}  # fmt: skip


@pytest.fixture
def results(result_of, write_dicom, values_of):
    """Of two images of one machine, and one of a machine without a manufacturer."""
    files = [
        write_dicom(values_of(), name=f"{number}.dcm", SOPInstanceUID=f"1.2.{number}", **machine)
        for number, machine in enumerate((MACHINE, MACHINE, {"Manufacturer": None, "ManufacturerModelName": "Y"}), 1)
    ]
    return [result_of(file, np.full((80, 72), 2.5, np.float32)) for file in files]


def told(dataset):
    return [
        (item.PurposeOfReferenceCodeSequence[0].CodeValue, item.Manufacturer, item.ManufacturerModelName)
        for item in dataset.ContributingEquipmentSequence
    ]


OURS = ("109102", "MammoLens developers", "MammoLens")
THEIRS = ("109101", "ACME", "..." + "X" * 61)


def test_a_report_names_each_machine_once_and_the_software(results, tmp_path, assert_conformant):
    file = tmp_path / "report.dcm"
    write_derived(derive_from_exam(results, DerivedKind.REPORT, [[], [], []], [[], [], []]), file)
    dataset = pydicom.dcmread(file)
    assert told(dataset) == [THEIRS, OURS]
    machine, software = dataset.ContributingEquipmentSequence
    assert (machine.DeviceSerialNumber, list(machine.SoftwareVersions)) == ("17", ["1.0", "2.0"])
    assert software.SoftwareVersions == __version__
    assert software.ContributionDescription == "Anomaly detection, research use only"
    assert_conformant(file, "ComprehensiveSR")


@pytest.mark.parametrize("kind", [DerivedKind.SEGMENTATION, DerivedKind.PARAMETRIC_MAP])
def test_objects_of_an_image_name_its_machine_if_it_has_a_manufacturer(results, kind):
    assert told(derive_from_image(results[0], kind)) == [THEIRS, OURS]
    assert told(derive_from_image(results[2], kind)) == [OURS]
