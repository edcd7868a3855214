from __future__ import annotations

import json
import shutil
from dataclasses import replace

from mammolens.models.directory import TRAINING
from mammolens.training.unseen import overlap


def test_patients_of_the_training_are_recognised_by_its_fingerprint(phantoms, a_trained_model):
    found = overlap(a_trained_model, phantoms)
    assert found.patients == {case.patient_id for case in phantoms.cases if not case.abnormal}
    assert found.doubt is None


def test_each_member_of_an_ensemble_counts(phantoms, an_ensemble_of_models):
    assert len(overlap(an_ensemble_of_models, phantoms).patients) == 16


def test_other_data_share_nobody_and_those_of_the_same_publication_are_doubted(phantoms, a_trained_model, tmp_path):
    model = shutil.copytree(a_trained_model, tmp_path / "model")
    record = json.loads((model / TRAINING).read_text())
    (model / TRAINING).write_text(json.dumps({**record, "dataset": {"name": phantoms.name, "citation": "One 2026"}}))
    fewer = phantoms.where(lambda case: case.patient_id != phantoms.patients[0])
    for citation, doubted in (("One 2026", True), ("Another 2026", False)):
        found = overlap(model, replace(fewer, citation=citation))
        assert not found.patients
        assert (found.doubt is not None) is doubted
