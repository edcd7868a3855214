import shutil

import pydicom
import pytest

from mammolens.inspection.contact_sheet import ContactSheet

from .conftest import rewrite


def counts(counted):
    return {one.name: (one.images, one.patients) for one in counted}


def flags_of(found, path):
    return next(image.quality_flags for image in found.images if image.path == path)


def test_patients_exams_views_machines_resolutions_and_formats_are_counted(two_exams, inspected):
    totals = inspected(two_exams).totals
    assert (totals.images, totals.usable, totals.refused) == (8, 8, 0)
    assert (totals.patients, totals.exams, totals.complete_exams) == (2, 2, 2)
    found = inspected(two_exams, pixels=False)
    assert counts(found.views) == dict.fromkeys(("L CC", "L MLO", "R CC", "R MLO"), (2, 2))
    assert counts(found.resolutions) == {"192 x 160, 1.25 mm": (8, 2)}
    assert counts(found.encodings) == {"DICOM, Explicit VR Little Endian": (8, 2)}
    (machine,) = found.machines
    assert (machine.images, machine.patients) == (8, 2)
    assert "phantom" in machine.name.lower()


def test_a_data_set_s_truth_and_sites_are_counted_and_what_may_be_learned_from(two_exams, inspected):
    rows = ["image,patient_id,cancer,clean_negative,x,y,w,h,site_id"]
    rows += ["A/L_CC.dcm,1,1,,20,30,10,10,x", "A/R_CC.dcm,1,0,1,,,,,x", "A/R_MLO.dcm,1,,,,,,,x"]
    rows += ["B/L_CC.dcm,2,0,1,,,,,y", "B/R_CC.dcm,2,0,1,,,,,", "B/R_MLO.dcm,2,0,0,,,,,y"]
    (two_exams / "labels.csv").write_text("\n".join(rows) + "\n")
    found = inspected(two_exams, pixels=False)
    assert counts(found.truth) == {
        "abnormal": (1, 1),
        "normal": (4, 2),
        "neither": (1, 1),
        "clean normal, to learn from": (2, 1),
        "with marked lesions": (1, 1),
    }
    assert counts(found.sites) == {"x": (3, 1), "y": (2, 1)}


def test_a_folder_has_neither_truth_nor_sites(two_exams, inspected):
    found = inspected(two_exams, pixels=False)
    assert (found.truth, found.sites) == ([], [])


def test_an_exam_without_one_view_is_not_complete(two_exams, inspected):
    (two_exams / "B" / "R_CC.dcm").unlink()
    assert inspected(two_exams, pixels=False).totals.complete_exams == 1


def test_what_is_refused_is_counted_by_reason_with_an_example(two_exams, inspected):
    for name in ("L_CC.dcm", "R_CC.dcm"):
        rewrite(two_exams / "A" / name, Modality="CT")
    (two_exams / "B" / "L_CC.dcm").write_bytes(b"DICOM it is not")
    found = inspected(two_exams, pixels=False)
    assert found.totals.refused == 2
    (ct,) = found.refusals
    assert (ct.reason, ct.images, ct.example) == ("Modality is CT, not MG", 2, "A/L_CC.dcm")
    assert ct.remedy == "give a mammogram"
    assert found.totals.files_passed_over == 1
    assert sum(count.images for count in found.views) == found.totals.usable == 5


def test_damaged_pixels_are_found_by_reading_them_only(two_exams, inspected):
    path = two_exams / "A" / "L_CC.dcm"
    path.write_bytes(path.read_bytes()[:-5000])
    assert inspected(two_exams, pixels=False).totals.refused == 0
    found = inspected(two_exams)
    assert [image.path for image in found.images if image.refused] == ["A/L_CC.dcm"]
    assert found.pixels_read


def test_flags_are_those_of_a_prediction(two_exams, inspected, a_predictor):
    from mammolens.dicom.reader import read_mammogram

    path = rewrite(two_exams / "A" / "L_CC.dcm", Manufacturer="Another")
    predicted = a_predictor.predict(read_mammogram(path)).record.quality_flags
    assert flags_of(inspected(two_exams), "A/L_CC.dcm") == predicted
    assert "acquisition_not_calibrated" in predicted


def test_headers_alone_have_the_flags_of_headers_and_no_model(two_exams, inspected):
    rewrite(two_exams / "A" / "L_CC.dcm", BreastImplantPresent="YES", ImagerPixelSpacing=None)
    found = inspected(two_exams, pixels=False)
    assert set(flags_of(found, "A/L_CC.dcm")) == {"implant", "no_pixel_spacing"}
    assert {one.flag: one.images for one in found.flags} == {"implant": 1, "no_pixel_spacing": 1}
    assert found.model is None
    assert not found.pixels_read


def test_doubts_about_identity_are_flags(two_exams, inspected):
    study = pydicom.dcmread(two_exams / "A" / "L_CC.dcm").StudyInstanceUID
    rewrite(two_exams / "B" / "L_CC.dcm", StudyInstanceUID=study)
    found = inspected(two_exams, pixels=False)
    flagged = [image.path for image in found.images if "study_of_several_patients" in image.quality_flags]
    assert flagged == ["A/L_CC.dcm", "A/L_MLO.dcm", "A/R_CC.dcm", "A/R_MLO.dcm", "B/L_CC.dcm"]


# ---------------------------------------------------------------- the same image twice


def test_a_copy_under_the_same_identifier_is_found_by_headers_alone(two_exams, inspected):
    shutil.copy(two_exams / "A" / "L_CC.dcm", two_exams / "copy")
    (duplicate,) = inspected(two_exams, pixels=False).duplicates
    assert duplicate.paths == ["A/L_CC.dcm", "copy"]
    assert len(duplicate.sop_instance_uids) == len(duplicate.patients) == 1


def test_the_same_pixels_under_another_identifier_window_and_patient_are_found(two_exams, inspected):
    original = two_exams / "A" / "L_CC.dcm"
    rewrite(original, two_exams / "C" / "1.dcm", new_uid=True, PatientID="C", WindowCenter=900, WindowWidth=1500)
    assert not inspected(two_exams, pixels=False).duplicates
    (duplicate,) = inspected(two_exams).duplicates
    assert duplicate.paths == ["A/L_CC.dcm", "C/1.dcm"]
    assert len(duplicate.sop_instance_uids) == 2
    assert duplicate.patients[1] == "C"


def test_different_images_with_one_identifier_are_no_duplicates_but_flagged(two_exams, inspected):
    uid = pydicom.dcmread(two_exams / "A" / "L_CC.dcm").SOPInstanceUID
    rewrite(two_exams / "B" / "L_CC.dcm", SOPInstanceUID=uid)
    found = inspected(two_exams)
    assert not found.duplicates
    assert {"substitute_uid": 2}.items() <= {one.flag: one.images for one in found.flags}.items()


def test_equal_pictures_are_found(tmp_path, inspected, an_exam):
    from PIL import Image

    picture = Image.fromarray((an_exam[0].pixels * 255).astype("uint8"))
    for name in ("one.png", "two.png"):
        picture.save(tmp_path / name)
    picture.save(tmp_path / "three.png", compress_level=1)  # other bytes, the same pixels
    (duplicate,) = inspected(tmp_path).duplicates
    assert duplicate.paths == ["one.png", "three.png", "two.png"]
    assert duplicate.sop_instance_uids == []  # theirs are ours


# ---------------------------------------------------------------- leaks between splits


@pytest.fixture
def split_exams(two_exams):
    (two_exams / "A").rename(two_exams / "train")
    (two_exams / "B").rename(two_exams / "test")
    return two_exams


def test_without_a_leak_there_is_none(split_exams, inspected):
    found = inspected(split_exams)
    assert counts(found.splits) == {"train": (4, 1), "test": (4, 1)}
    assert not found.leaks


def test_a_patient_in_two_splits_is_a_leak(split_exams, inspected):
    patient = pydicom.dcmread(split_exams / "train" / "L_CC.dcm").PatientID
    rewrite(split_exams / "test" / "L_CC.dcm", PatientID=patient)
    (leak,) = inspected(split_exams, pixels=False).leaks
    assert (leak.kind, leak.identifier, leak.splits) == ("patient", patient, ["train", "test"])
    assert len(leak.paths) == 5


def test_a_study_that_a_table_hides_under_two_patients_is_a_leak(two_exams, inspected):
    (two_exams / "labels.csv").write_text(
        "image,patient_id,split\nA/L_CC.dcm,1,train\nA/R_CC.dcm,2,test\nB/L_CC.dcm,3,train\n"
    )
    (leak,) = inspected(two_exams, pixels=False).leaks
    assert (leak.kind, leak.paths) == ("study", ["A/L_CC.dcm", "A/R_CC.dcm"])


def test_an_image_in_two_splits_under_two_identifiers_is_a_leak(split_exams, inspected):
    new = {"PatientID": "C", "StudyInstanceUID": "1.2.3.4"}
    rewrite(split_exams / "train" / "L_CC.dcm", split_exams / "test" / "9.dcm", new_uid=True, **new)
    (leak,) = inspected(split_exams).leaks
    assert (leak.kind, leak.paths, leak.splits) == ("image", ["test/9.dcm", "train/L_CC.dcm"], ["train", "test"])


# ---------------------------------------------------------------- progress


def test_each_image_is_a_step_whether_it_can_be_used_or_not(two_exams, a_predictor):
    from mammolens.inspection.inspector import Inspector
    from mammolens.inspection.sources import open_source

    rewrite(two_exams / "A" / "L_CC.dcm", Modality="CT")
    inspector, steps = Inspector(open_source(two_exams)), []
    inspector.read_headers(lambda: steps.append("headers"))
    inspector.read_pixels(a_predictor, ContactSheet(0), lambda: steps.append("pixels"))
    assert steps == ["headers"] * 8 + ["pixels"] * 8
