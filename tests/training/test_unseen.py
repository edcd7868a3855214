from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from mammolens.config import ModelConfig
from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.joined import join_datasets
from mammolens.datasets.normals import clean_normals
from mammolens.enums import Split
from mammolens.errors import DatasetError
from mammolens.models.directory import CONFIG, TRAINING
from mammolens.training.partition import partition
from mammolens.training.record import data_fingerprint
from mammolens.training.unseen import overlap, unseen_normals


def normals(name: str, count: int) -> Dataset:
    """Of patients of the same ids in every set."""
    cases = (
        Case(Path(f"{name}-{number}.dcm"), str(number), abnormal=False, clean_normal=True) for number in range(count)
    )
    return Dataset(name, tuple(cases), "ours")


def config_of(members: int) -> ModelConfig:
    return ModelConfig.model_validate({"network": {"name": "small_unet", "members": members}})


def record_of_training_on(dataset: Dataset, config: ModelConfig) -> dict[str, object]:
    fingerprint = data_fingerprint(partition(dataset, config).normals)
    return {"data_fingerprint": fingerprint, "dataset": {"name": dataset.name, "citation": ""}}


@pytest.mark.parametrize("members", [1, 3])
def test_of_joined_data_the_part_that_taught_the_model_is_recognised(members):
    taught, other, config = normals("taught", 12), normals("other", 7), config_of(members)
    shares, doubt = unseen_normals(join_datasets([taught, other]), config, record_of_training_on(taught, config))
    assert len(shares) == members
    held_back = [{case.path for case in share.calibration} for share in partition(taught, config).shares]
    found = [{case.path for case in share} for share in shares]
    others = {case.path for case in other.cases}
    assert [paths - others for paths in found] == held_back
    assert sum(len(paths & others) for paths in found) == 7
    assert {case.patient_id.split(":")[0] for share in shares for case in share} == {"taught", "other"}
    assert doubt is not None


def test_of_joined_data_that_are_all_new_every_normal_is_used_and_a_set_without_any_is_no_error():
    lesions = Dataset("lesions", (Case(Path("ill.dcm"), "1", abnormal=True),), "ours")
    record = {"data_fingerprint": "another", "dataset": {"name": "another", "citation": ""}}
    joined = join_datasets([normals("one", 4), lesions, normals("two", 3)])
    (cases,), _ = unseen_normals(joined, config_of(1), record)
    assert len(cases) == 7
    with pytest.raises(DatasetError, match="lesions \\+ lesions 2: has no clean normal image"):
        unseen_normals(join_datasets([lesions, lesions]), config_of(1), record)


def test_of_joined_data_the_patients_of_a_part_are_found_by_their_joined_ids(tmp_path):
    taught, config = normals("taught", 12), config_of(1)
    (tmp_path / CONFIG).write_text(config.to_yaml())
    (tmp_path / TRAINING).write_text(json.dumps(record_of_training_on(taught, config)))
    tested = Dataset("tested", (Case(Path("t.dcm"), "3", abnormal=True, split=Split.TEST),), "ours")
    found = overlap(tmp_path, join_datasets([taught, tested]))
    assert found.patients == {f"taught:{number}" for number in range(12)}
    assert found.doubt is None


def test_patients_of_the_training_are_recognised_by_its_fingerprint(phantoms, a_trained_model):
    found = overlap(a_trained_model, phantoms)
    assert found.patients == set(clean_normals(phantoms).patients)
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
