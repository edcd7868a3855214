from __future__ import annotations

from mammolens.dicom.derived.derive import derive_from_exam
from mammolens.dicom.derived.kinds import DerivedKind


def test_evidence_lists_each_image_below_its_own_study_and_series(write_dicom, values_of, result_of):
    places = [("3.1", "4.1"), ("3.1", "4.1"), ("3.1", "4.2"), ("3.2", "4.3")]
    results = []
    for number, (study, series) in enumerate(places):
        uids = {"SOPInstanceUID": f"1.2.{number}", "StudyInstanceUID": study, "SeriesInstanceUID": series}
        results.append(result_of(write_dicom(values_of(), name=f"{number}.dcm", **uids)))
    dataset = derive_from_exam(results, DerivedKind.CAD_REPORT, [[]] * 4, [[]] * 4)
    listed = {
        (study.StudyInstanceUID, series.SeriesInstanceUID): [
            reference.ReferencedSOPInstanceUID for reference in series.ReferencedSOPSequence
        ]
        for study in dataset.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
    }
    assert listed == {("3.1", "4.1"): ["1.2.0", "1.2.1"], ("3.1", "4.2"): ["1.2.2"], ("3.2", "4.3"): ["1.2.3"]}
    assert dataset.StudyInstanceUID == "3.1"
