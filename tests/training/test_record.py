from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mammolens import RESEARCH_USE_ONLY, __version__
from mammolens.calibration.calibration import Calibration
from mammolens.calibration.normals import NormalExam, NormalImage
from mammolens.config import ModelConfig
from mammolens.datasets.base import Case, Dataset
from mammolens.enums import Split
from mammolens.training.checkpoint import LearningState
from mammolens.training.partition import Partition, Share
from mammolens.training.record import data_fingerprint, model_card, recalibrated_record, training_record

STATE = LearningState(3, [0.3, 0.2, 0.1], [0.4, 0.2, 0.3])


@pytest.fixture
def listed(tmp_path: Path) -> Partition:
    """Three, one and two patients with two images each."""

    def cases(*patients: str) -> tuple[Case, ...]:
        made = []
        for patient in patients:
            for image in ("a", "b"):
                path = tmp_path / f"{patient}_{image}.png"
                path.write_bytes(patient.encode() * 10)
                made.append(Case(path, patient))
        return tuple(made)

    return Partition((Share(cases("Anna", "Berta", "Clara"), cases("Dora"), cases("Emma", "Frida")),))


@pytest.fixture
def record(listed: Partition) -> dict[str, object]:
    """One image of Anna and both of Frida cannot be used."""
    parts = listed.by_split
    used = parts | {Split.TRAIN: parts[Split.TRAIN][1:], Split.CALIBRATION: parts[Split.CALIBRATION][:2]}
    dataset = Dataset("made", parts[Split.TRAIN], "all rights reserved.", "Someone, 2020.")
    return training_record(ModelConfig(), dataset, listed, used, [STATE], started_from="earlier-1a2b3c4d5e6f")


def test_counts_are_of_what_was_used_and_what_was_left_out_is_counted_too(record):
    assert record["images"] == {"train": 5, "validation": 2, "calibration": 2}
    assert record["images_left_out"] == {"train": 1, "validation": 0, "calibration": 2}
    assert record["patients"] == {"train": 3, "validation": 1, "calibration": 1}


def test_normal_images_of_patients_with_an_abnormal_one_are_counted_and_told(listed, record):
    assert record["normals_of_affected_patients"] == {"images": 0, "patients": 0}
    assert "Not used for training" not in model_card("made-1", ModelConfig(), record, calibration_of(3))
    healthy = Case(Path("healthy.png"), "Gerda", abnormal=False, clean_normal=True)
    cases = (*listed.by_split[Split.TRAIN], healthy, Case(Path("cancer.png"), "Gerda", abnormal=True))
    dataset = Dataset("made", cases, "all rights reserved.")
    record = training_record(ModelConfig(), dataset, listed, listed.by_split, [STATE])
    assert record["normals_of_affected_patients"] == {"images": 1, "patients": 1}
    told = "- Not used for training: 1 normal images of 1 patients who have an abnormal one.\n"
    assert told in model_card("made-1", ModelConfig(), record, calibration_of(3))


def test_it_tells_how_the_model_was_learned(record):
    assert record["dataset"] == {"name": "made", "licence": "all rights reserved.", "citation": "Someone, 2020."}
    (member,) = record["members"]
    assert (member["epochs"], member["kept_epoch"], record["seed"]) == (3, 2, 0)
    assert (member["training_errors"], member["validation_errors"]) == (STATE.training_errors, STATE.validation_errors)
    assert record["started_from"] == "earlier-1a2b3c4d5e6f"
    assert record["versions"]["mammolens"] == __version__
    assert record["notice"] == RESEARCH_USE_ONLY


def test_it_names_no_patient_and_no_file(record):
    text = json.dumps(record)
    assert not any(name in text for name in ("Anna", "Dora", "Frida", ".png"))


def test_the_fingerprint_follows_the_data(listed):
    train, validation, calibration = listed.normals
    fingerprint = data_fingerprint(listed.normals)
    assert data_fingerprint([train, validation, calibration]) == fingerprint
    assert data_fingerprint([train[1:], validation, calibration]) != fingerprint
    assert data_fingerprint([validation, train, calibration]) != fingerprint
    train[0].path.write_bytes(b"longer than it was" * 10)
    assert data_fingerprint(listed.normals) != fingerprint


def calibration_of(patients: int) -> Calibration:
    images = [
        NormalImage(
            patient=number,
            view="CC",
            acquisition_group="Maker One",
            raw_score=number,
            pred_score=number,
            map_peak=1 + number,
        )
        for number in range(patients)
    ]
    exams = [
        NormalExam(patient=number, acquisition_group="Maker One", exam_score=number, asymmetry=None)
        for number in range(patients)
    ]
    return Calibration(tuple(images), tuple(exams), ModelConfig().calibration)


def test_the_card_says_the_same_to_people(record):
    card = model_card("made-1a2b3c4d5e6f", ModelConfig(), record, calibration_of(20))
    for line in (
        "# made-1a2b3c4d5e6f",
        "| training | 3 | 5 |",
        "| validation | 1 | 2 |",
        "| calibration | 1 | 2 |",
        "- Licence of the data: all rights reserved. The weights learned from it are bound by the same terms.",
        "seed 0, weights of epoch 2 of 3.",
        "- Decision: flags at most 10 % of normal exams; exam score threshold 18.",
        "Scores are in robust standard deviations of normal images of the same machine and view.",
        "Maker One; the false-positive rate is not controlled on others.",
        "Machines with enough patients for a calibration of their own: Maker One; others use the pooled calibration.",
        "- Calcifications are not detected: the model works at 1.9 mm per pixel.\n- Unknown:",
        "| low | 11 | 50% |",
    ):
        assert line in card, line
    assert RESEARCH_USE_ONLY in card


def test_the_card_says_that_too_few_patients_flag_nothing(record):
    card = model_card("made-1a2b3c4d5e6f", ModelConfig(), record, calibration_of(3))
    cannot_flag = "cannot flag any exam: it is calibrated on 3 of the 9 normal patients that alpha = 0.1 requires"
    assert f"- Decision: {cannot_flag}." in card
    assert "own: none;" in card
    assert "inf" not in card


def test_a_later_calibration_replaces_the_counts_of_its_part_and_names_its_data(record, listed):
    site = Dataset("our normals", listed.by_split[Split.CALIBRATION], "ours.", "A hospital, 2026.")
    later = recalibrated_record(
        record, site, listed.by_split[Split.CALIBRATION], listed.by_split[Split.CALIBRATION][:3], "nobody knows"
    )
    assert later["images"] == {"train": 5, "validation": 2, "calibration": 3}
    assert later["images_left_out"] == {"train": 1, "validation": 0, "calibration": 1}
    assert later["patients"] == {"train": 3, "validation": 1, "calibration": 2}
    assert (later["dataset"], later["data_fingerprint"]) == (record["dataset"], record["data_fingerprint"])
    card = model_card("made-1a2b3c4d5e6f", ModelConfig(), later, calibration_of(20))
    assert "- Recalibrated on: our normals. A hospital, 2026." in card
    assert "Licence of these data: ours. Beware: nobody knows." in card
    assert "Emma" not in json.dumps(later)


def test_a_card_of_a_model_that_saw_known_cancers_says_so(listed, record):
    card = model_card("made-1", ModelConfig(), record, calibration_of(30))
    assert "normal mammograms only" in card
    exposed = replace(listed, exposure=listed.by_split[Split.CALIBRATION])
    dataset = Dataset("made", listed.by_split[Split.TRAIN], "all rights reserved.", "Someone, 2020.")
    bank = Dataset("a bank of lesions", listed.by_split[Split.CALIBRATION], "CC BY 3.0.", "Others, 2017.")
    seen = training_record(ModelConfig(), dataset, exposed, exposed.by_split, [STATE], exposure=bank)
    card = model_card("made-1", ModelConfig(), seen, calibration_of(30))
    assert "normal mammograms only" not in card
    assert "**known abnormal ones with outlined lesions** (exposure)" in card
    assert "| known abnormal images with outlined lesions, also trained on | 2 | 4 |" in card
    assert "- Exposure: a bank of lesions. Others, 2017. Licence of these data: CC BY 3.0." in card
    own = training_record(ModelConfig(), dataset, exposed, exposed.by_split, [STATE])
    assert "Exposure:" not in model_card("made-1", ModelConfig(), own, calibration_of(30))


def test_the_card_of_an_ensemble_tells_its_members(listed):
    dataset = Dataset("made", listed.normals[0], "ours.", "Someone, 2020.")
    twice = training_record(ModelConfig(), dataset, listed, listed.by_split, [STATE, LearningState(3, [], [0.1, 0.2])])
    card = model_card("made-1", ModelConfig(), twice, calibration_of(30))
    assert "2 members, weights of epochs 2, 1 of 3; each is calibrated on patients it was not trained on." in card
