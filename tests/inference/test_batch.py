from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from mammolens.config import FindingsConfig
from mammolens.enums import Laterality, QualityFlag
from mammolens.errors import InputError
from mammolens.inference.batch import predict_files
from mammolens.inference.predictor import Predictor, load_calibration
from mammolens.models.directory import load_model
from mammolens.types import ImageAttributes


@pytest.fixture
def two_exams(phantoms) -> list[list[Path]]:
    """The files of two women, four views each."""
    patients = phantoms.patients[:2]
    return [[case.path for case in phantoms.cases if case.patient_id == patient] for patient in patients]


def rewritten(source: Path, folder: Path, **attributes: str) -> Path:
    """A copy of a file whose header says this instead."""
    image = pydicom.dcmread(source)
    for keyword, value in attributes.items():
        setattr(image, keyword, value)
    folder.mkdir(exist_ok=True)
    image.save_as(folder / source.name)
    return folder / source.name


def analysed(predictor, paths, attributes=None):
    errors: list[InputError] = []
    found = list(predict_files(predictor, paths, attributes or {}, errors.append))
    return [mammogram.header.path for mammogram, _ in found], [result.record for _, result in found], errors


def test_exams_come_in_order_of_their_first_file_with_their_own_fused_scores(a_predictor, two_exams):
    one, other = two_exams
    mixed = [file for pair in zip(one, other, strict=True) for file in pair]
    paths, records, errors = analysed(a_predictor, mixed)
    assert paths == [*one, *other]
    assert not errors
    assert len({record.exam_score for record in records}) == 2
    assert len({record.exam_score for record in records[:4]}) == 1


def test_results_are_those_of_the_exam_read_together(a_predictor, two_exams, an_exam):
    _, records, _ = analysed(a_predictor, two_exams[0])
    assert records == [result.record for result in a_predictor.predict_exam(an_exam)]


def test_an_unusable_file_is_reported_and_the_others_go_on(a_predictor, two_exams, tmp_path):
    text, missing, cut = tmp_path / "text.txt", tmp_path / "missing.dcm", tmp_path / "cut.dcm"
    text.write_text("no image")
    cut.write_bytes(two_exams[0][0].read_bytes()[:3000])
    paths, records, errors = analysed(a_predictor, [text, two_exams[1][0], missing, cut])
    assert paths == [two_exams[1][0]]
    assert [record.path for record in records] == [str(two_exams[1][0])]
    assert sorted(error.source for error in errors) == sorted(map(str, (text, missing, cut)))


def test_a_view_that_cannot_be_used_is_missing_from_the_fused_score_only(a_predictor, two_exams, tmp_path):
    broken = tmp_path / "broken.dcm"
    whole = two_exams[0][0].read_bytes()
    broken.write_bytes(whole[: len(whole) // 2])
    paths, records, errors = analysed(a_predictor, [broken, *two_exams[0][1:]])
    assert paths == two_exams[0][1:]
    assert len(errors) == 1
    assert records == analysed(a_predictor, two_exams[0][1:])[1]


def test_the_same_image_twice_is_analysed_twice_and_counts_once(a_predictor, two_exams, tmp_path):
    copy = tmp_path / "copy.dcm"
    copy.write_bytes(two_exams[0][0].read_bytes())
    _, records, _ = analysed(a_predictor, [*two_exams[0], copy])
    _, alone, _ = analysed(a_predictor, two_exams[0])
    assert [record.exam_score for record in records] == [record.exam_score for record in [*alone, alone[0]]]


def test_different_images_of_one_uid_all_count_under_substitutes_that_are_told(a_predictor, two_exams, tmp_path):
    files = [rewritten(file, tmp_path, SOPInstanceUID="1.2.3") for file in two_exams[0]]
    copy = tmp_path / "copy.dcm"
    copy.write_bytes(files[0].read_bytes())
    _, records, errors = analysed(a_predictor, [*files, copy])
    _, alone, _ = analysed(a_predictor, two_exams[0])
    assert not errors
    assert [record.exam_score for record in records] == [record.exam_score for record in [*alone, alone[0]]]
    uids = [record.sop_instance_uid for record in records]
    assert uids[0] == uids[4]
    assert len({*uids, "1.2.3"}) == 5
    assert all(QualityFlag.SUBSTITUTE_UID in record.quality_flags for record in records)


def test_views_of_one_study_without_patient_id_are_one_exam(a_predictor, two_exams, tmp_path):
    files = [rewritten(file, tmp_path, PatientID="") for file in two_exams[0]]
    _, records, _ = analysed(a_predictor, files)
    _, alone, _ = analysed(a_predictor, two_exams[0])
    assert [record.exam_score for record in records] == [record.exam_score for record in alone]
    assert {record.patient for record in records} == {""}
    assert all(QualityFlag.PATIENT_UNKNOWN in record.quality_flags for record in records)


def test_two_patient_ids_in_one_study_stay_two_exams_and_are_told(a_predictor, two_exams, tmp_path):
    files = [rewritten(file, tmp_path, PatientID=patient) for patient, file in zip("ABAB", two_exams[0], strict=True)]
    _, records, _ = analysed(a_predictor, files)
    assert [record.patient for record in records] == ["A", "A", "B", "B"]
    assert len({record.exam for record in records}) == 1
    assert len({record.exam_score for record in records}) == 2
    assert all(QualityFlag.STUDY_OF_SEVERAL_PATIENTS in record.quality_flags for record in records)
    table = dict.fromkeys(files, ImageAttributes(patient_id="A"))
    _, records, _ = analysed(a_predictor, files, table)
    assert not any(QualityFlag.STUDY_OF_SEVERAL_PATIENTS in record.quality_flags for record in records)


def test_one_patient_id_of_two_issuers_is_told(a_predictor, two_exams, tmp_path):
    files = [
        rewritten(two_exams[n][0], tmp_path / str(n), PatientID="1", IssuerOfPatientID=f"site {n}") for n in (0, 1)
    ]
    _, records, _ = analysed(a_predictor, files)
    assert all(QualityFlag.PATIENT_ID_OF_SEVERAL_ISSUERS in record.quality_flags for record in records)
    _, (record,), _ = analysed(a_predictor, files[:1])
    assert QualityFlag.PATIENT_ID_OF_SEVERAL_ISSUERS not in record.quality_flags


def test_exams_that_a_table_numbers_alike_for_each_patient_are_not_fused(a_predictor, two_exams):
    attributes = {
        path: ImageAttributes(patient_id=patient, exam_id="1")
        for patient, paths in zip(("Anna", "Berta"), two_exams, strict=True)
        for path in paths
    }
    _, records, _ = analysed(a_predictor, [*two_exams[0], *two_exams[1]], attributes)
    alone = [record for paths in two_exams for record in analysed(a_predictor, paths)[1]]
    assert [record.exam_score for record in records] == [record.exam_score for record in alone]
    assert {record.patient for record in records} == {"Anna", "Berta"}


def test_what_a_table_says_wins(a_predictor, two_exams):
    path = two_exams[0][0]
    attributes = {path: replace(ImageAttributes(), patient_id="Anna", machine_id="49")}
    _, (record,), _ = analysed(a_predictor, [path], attributes)
    assert (record.patient, record.acquisition_group) == ("Anna", "49")


def test_one_image_under_two_sides_is_refused_and_the_first_goes_on(a_predictor, two_exams, tmp_path):
    copy = tmp_path / "copy.dcm"
    copy.write_bytes(two_exams[0][0].read_bytes())
    sides = {two_exams[0][0]: ImageAttributes(laterality=Laterality.LEFT)}
    sides[copy] = ImageAttributes(laterality=Laterality.RIGHT)
    paths, _, (error,) = analysed(a_predictor, [two_exams[0][0], copy], sides)
    assert paths == [two_exams[0][0]]
    assert str(error) == f"{copy}: is the same image as {paths[0]}, but R here and L there; keep the right one"


def test_findings_are_numbered_by_strength_over_the_images_of_an_exam(a_trained_model, two_exams):
    model, calibration = load_model(a_trained_model), load_calibration(a_trained_model)
    sensitive = FindingsConfig(level="low", smallest_mm2=0.0, smallest_share=0.0)
    low = replace(model, config=model.config.model_copy(update={"findings": sensitive}))
    results = [
        result
        for exam in two_exams
        for _, result in predict_files(Predictor(low, calibration), exam, {}, lambda error: pytest.fail(str(error)))
    ]
    for own in (results[:4], results[4:]):
        numbered = sorted(
            (number, -finding.peak)
            for result in own
            for number, finding in zip(result.finding_numbers, result.record.findings, strict=True)
        )
        assert [number for number, _ in numbered] == list(range(1, len(numbered) + 1))
        assert [peak for _, peak in numbered] == sorted(peak for _, peak in numbered)
    assert sum(bool(result.finding_numbers) for result in results) > 1
