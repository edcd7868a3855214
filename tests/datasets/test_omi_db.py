from __future__ import annotations

import json

import pytest

from mammolens.datasets.base import Lesion
from mammolens.datasets.formats import detect_kind, open_dataset
from mammolens.datasets.omi_db import open_omi_db

MARK = {"MarkID": 1, "LinkedNBSSLesionNumber": "1", "Mass": 1, "X1": "60", "X2": "40", "Y1": "100", "Y2": "140"}


@pytest.fixture
def write_client(write_text, write_view, tmp_path):
    """Write a client with an image of each breast in each study; ``studies`` gives their episodes, ``nbss`` these."""

    def write(client, studies, nbss, marks=None, capitals=False):
        prefix = (lambda name: name.upper()) if capitals else (lambda name: name)
        described = {}
        for study, episode in studies.items():
            images = {f"{study}.1": marks or "", f"{study}.2": ""}
            described[study] = {"StudyDate": "20120101", "EpisodeID": episode, f"{study}.0": images}
            for name, view in ((f"{study}.1", "L_CC"), (f"{study}.2", "R_CC")):
                write_view(f"{prefix('images')}/{client}/{study}/{name}.dcm", view, PatientID=client)
        folder = f"{prefix('data')}/{client}"
        write_text(f"{folder}/{prefix('imagedb')}_{client}.json", json.dumps({"Site": "stge", "STUDIES": described}))
        write_text(f"{folder}/{prefix('nbss')}_{client}.json", json.dumps(nbss))
        return tmp_path

    return write


def truths(path):
    return [(case.attributes.exam_id, case.abnormal, case.clean_normal) for case in open_omi_db(path).cases]


def test_a_malignant_opinion_is_the_breast_s_in_its_episode_and_earlier_images_are_neither(write_client):
    nbss = {
        "7": {"EpisodeType": "R"},
        "8": {"EpisodeType": "R", "SURGERY": {"left_opinion": "OM", "right_opinion": "ON"}},
    }
    path = write_client("optm1", {"1.2": "7", "1.3": "8"}, nbss)
    assert truths(path) == [
        ("1.2", None, False),
        ("1.2", None, False),
        ("1.3", True, False),
        ("1.3", False, False),
    ]


def test_a_client_without_cancer_is_normal_and_clean_where_nothing_was_biopsied(write_client):
    benign = {"7": {"EpisodeType": "R", "BIOPSYWIDE": {"left_opinion": "Benign"}}}
    write_client("optm2", {"1.2": "7"}, {"7": {"EpisodeType": "R", "SCREENING": {"left_opinion": "ON"}}})
    path = write_client("optm3", {"1.3": "7"}, benign)
    assert truths(path) == [("1.2", False, True)] * 2 + [("1.3", False, False)] * 2


def test_images_of_a_client_with_an_interval_cancer_are_neither(write_client):
    path = write_client("optm4", {"1.2": "7", "1.3": "8"}, {"7": {"EpisodeType": "R"}, "8": {"EpisodeType": "CI"}})
    assert [truth for _, truth, _ in truths(path)] == [None] * 4


def test_marks_are_boxes_in_whichever_order_their_corners_stand(write_client):
    nbss = {"7": {"SURGERY": {"left_opinion": "OM"}}}
    left, right = open_omi_db(write_client("optm1", {"1.2": "7"}, nbss, {"1": MARK})).cases
    assert left.lesions == (Lesion(120, 50, 20, 10, shape="box", kind="mass"),)
    assert (right.lesions, left.site, left.patient_id) == ((), "stge", "optm1")


def test_the_layout_is_told_by_itself_in_capitals_too(write_client):
    path = write_client("demd1", {"1.2": "7"}, {"7": {"EpisodeType": "R"}}, capitals=True)
    assert detect_kind(path) == "omi-db"
    assert len(open_dataset(path).cases) == 2


def test_a_client_whose_files_are_damaged_and_a_mark_without_box_are_left_out(write_client, write_text, caplog):
    ill = {"7": {"SURGERY": {"left_opinion": "OM"}}}
    write_client("optm1", {"1.2": "7"}, ill, {"1": {"MarkID": 1}})
    path = write_client("optm2", {"1.3": "7"}, {"7": {}})
    write_text("data/optm2/nbss_optm2.json", "{")
    (case,) = open_omi_db(path).cases
    assert (case.patient_id, case.abnormal) == ("optm1", False)
    assert "one of its marks has no box" in caplog.text
    assert "nbss_optm2.json: is not JSON" in caplog.text


def test_raw_images_are_left_out(write_client, write_view):
    path = write_client("optm1", {"1.2": "7"}, {"7": {}})
    write_view("images/optm1/1.2/1.2.1.dcm", "L_CC", PresentationIntentType="FOR PROCESSING")
    assert len(open_omi_db(path).cases) == 1
