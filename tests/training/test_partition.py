from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammolens.config import ModelConfig
from mammolens.datasets.base import Case, Dataset, Lesion
from mammolens.datasets.formats import open_dataset
from mammolens.datasets.splits import fold_of
from mammolens.enums import Split
from mammolens.errors import DatasetError
from mammolens.training.partition import Partition, normals_of_affected_patients, partition


def case(patient: str, image: str = "a", *, split: Split | None = None, clean: bool = True) -> Case:
    return Case(Path(f"{patient}_{image}.png"), patient, clean_normal=clean, abnormal=not clean, split=split)


def outlined(patient: str, split: Split | None = None) -> Case:
    lesions = (Lesion(20, 10, 3, 3),)
    return Case(Path(f"{patient}.png"), patient, abnormal=True, split=split, lesions=lesions)


def dataset_of(*cases: Case) -> Dataset:
    return Dataset("made", cases, "ours")


def config_of(**training: object) -> ModelConfig:
    return ModelConfig.model_validate({"training": training})


def patients(cases: tuple[Case, ...]) -> set[str]:
    return {each.patient_id for each in cases}


def parts_of(found: Partition) -> list[set[str]]:
    return [patients(cases) for cases in found.by_split.values()]


@given(st.integers(3, 30), st.integers(1, 4), st.integers(0, 2**32 - 1), st.floats(0.05, 0.8), st.floats(0.05, 0.45))
def test_no_patient_is_in_two_parts_and_none_is_lost(count, views, seed, fraction, share):
    cases = [case(f"p{number}", f"v{view}") for number in range(count) for view in range(views)]
    config = ModelConfig.model_validate(
        {"training": {"seed": seed, "validation_fraction": share}, "calibration": {"fraction": fraction}}
    )
    found = partition(dataset_of(*cases), config)
    parts = parts_of(found)
    assert all(parts)
    assert sum(map(len, parts)) == len(set.union(*parts)) == count
    assert sum(len(members) for members in found.by_split.values()) == len(cases)


def test_the_seed_decides_who_learns():
    cases = dataset_of(*(case(f"p{number}") for number in range(30)))
    assert partition(cases, config_of(seed=1)) == partition(cases, config_of(seed=1))
    assert partition(cases, config_of(seed=1)) != partition(cases, config_of(seed=2))


def test_only_clean_normals_take_part():
    cases = [case(f"p{number}", clean=number % 2 == 0) for number in range(12)]
    found = partition(dataset_of(*cases), ModelConfig())
    assert set.union(*parts_of(found)) == {f"p{number}" for number in range(0, 12, 2)}


def test_the_healthy_breast_of_a_patient_with_cancer_is_not_taught():
    cases = [case(f"p{number}") for number in range(9)] + [case("ill", "left", clean=False), case("ill", "right")]
    cases += [case("tested", "left", clean=False, split=Split.TEST), case("tested", "right", split=Split.TEST)]
    found = partition(dataset_of(*cases), ModelConfig())
    assert set.union(*parts_of(found)) == {f"p{number}" for number in range(9)}
    assert normals_of_affected_patients(dataset_of(*cases)).cases == (case("ill", "right"),)


def test_beside_own_splits_patients_without_one_are_drawn():
    own = [case(f"t{number}", split=Split.TRAIN) for number in range(8)]
    own += [case(f"c{number}", split=Split.CALIBRATION) for number in range(4)]
    found = partition(dataset_of(*own, *(case(f"u{number}") for number in range(10))), ModelConfig())
    train, validation, calibration = parts_of(found)
    assert {f"t{number}" for number in range(8)} < train | validation
    assert {f"c{number}" for number in range(4)} < calibration
    assert len(train | validation | calibration) == 22


def test_the_data_sets_own_splits_are_respected():
    cases = [case(f"t{number}", split=Split.TRAIN) for number in range(8)]
    cases += [case(f"c{number}", split=Split.CALIBRATION) for number in range(4)]
    cases += [case("x", split=Split.TEST), case("y", split=Split.EXPOSURE), case("z", split=Split.VALIDATION)]
    found = partition(dataset_of(*cases), ModelConfig())
    assert patients(found.by_split[Split.CALIBRATION]) == {f"c{number}" for number in range(4)}
    assert patients(found.by_split[Split.TRAIN]) | patients(found.by_split[Split.VALIDATION]) == {
        f"t{number}" for number in range(8)
    }


@pytest.mark.parametrize("aside", [Split.TEST, Split.EXPOSURE])
def test_who_is_set_aside_stays_aside_with_all_of_her_images(aside):
    cases = [case(f"p{number}") for number in range(9)]
    cases += [case("aside", "one", split=aside), case("aside", "two")]
    assert "aside" not in set.union(*parts_of(partition(dataset_of(*cases), ModelConfig())))


def test_a_patient_in_two_splits_is_refused_even_if_one_of_her_images_is_abnormal():
    cases = [case(f"p{number}", split=Split.TRAIN) for number in range(4)]
    cases += [case("c", split=Split.CALIBRATION), case("p1", "b", split=Split.TEST, clean=False)]
    with pytest.raises(DatasetError, match="made: patient p1 is in the splits train and test; give each patient one"):
        partition(dataset_of(*cases), ModelConfig())


def test_outlined_lesions_are_taken_only_from_the_exposure_split_and_only_when_wanted():
    cases = [case(f"t{number}", split=Split.TRAIN) for number in range(6)]
    cases += [case(f"c{number}", split=Split.CALIBRATION) for number in range(3)]
    cases += [outlined("known", Split.EXPOSURE), case("nowhere", split=Split.EXPOSURE, clean=False)]
    cases += [case("normal", split=Split.EXPOSURE), outlined("test", Split.TEST), outlined("unassigned")]
    assert partition(dataset_of(*cases), ModelConfig()).exposure == ()
    found = partition(dataset_of(*cases), config_of(exposure_share=0.5))
    assert patients(found.exposure) == patients(found.by_split[Split.EXPOSURE]) == {"known"}
    assert parts_of(found)[:3] == parts_of(partition(dataset_of(*cases), ModelConfig()))


def test_another_data_set_gives_all_its_outlined_lesions_but_those_to_test_on():
    normals = dataset_of(*(case(f"p{number}") for number in range(9)), outlined("own", Split.EXPOSURE))
    bank = dataset_of(outlined("one"), outlined("two", Split.TRAIN), outlined("kept", Split.TEST), case("plain"))
    found = partition(normals, config_of(exposure_share=0.5), bank)
    assert patients(found.exposure) == {"one", "two"}


@pytest.mark.parametrize("bank", [None, Dataset("bank", (outlined("kept", Split.TEST), case("plain")), "ours")])
def test_without_an_outlined_lesion_there_is_nothing_to_learn_from(bank):
    cases = [*(case(f"p{number}") for number in range(9)), case("cancer", clean=False, split=Split.EXPOSURE)]
    name = bank.name if bank else "made"
    with pytest.raises(DatasetError, match=f"{name}: has no image with an outlined lesion .*; give a data set with"):
        partition(dataset_of(*cases), config_of(exposure_share=0.5), bank)


@given(st.integers(3, 20), st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_of_several_members_each_calibrates_on_whom_it_alone_does_not_learn_from(count, members, seed):
    cases = [case(f"p{number}", f"v{view}") for number in range(count) for view in range(2)]
    config = ModelConfig.model_validate({"training": {"seed": seed}, "network": {"members": members}})
    sizes = Counter(fold_of(f"p{number}", members) for number in range(count))
    if len(sizes) < members or count - max(sizes.values()) < 2:
        with pytest.raises(DatasetError, match=f"too few for {members} members"):
            partition(dataset_of(*cases), config)
        return
    found = partition(dataset_of(*cases), config)
    everybody, calibrating = {case.patient_id for case in cases}, []
    for share in found.shares:
        parts = [patients(part) for part in (share.train, share.validation, share.calibration)]
        assert all(parts)
        assert sum(map(len, parts)) == len(set.union(*parts)) == count
        calibrating += sorted(parts[2])
    assert sorted(calibrating) == sorted(everybody)
    for part in found.by_split.values():
        assert len({case.path for case in part}) == len(part)


def test_a_member_calibrates_on_the_same_patients_when_others_have_come():
    few, more = ([case(f"p{number}") for number in range(count)] for count in (12, 40))
    config = ModelConfig.model_validate({"network": {"members": 3}})
    earlier, later = (partition(dataset_of(*cases), config).shares for cases in (few, more))
    for before, after in zip(earlier, later, strict=True):
        assert patients(before.calibration) == patients(after.calibration) & {f"p{number}" for number in range(12)}


def test_members_share_out_both_of_a_data_set_s_splits():
    cases = [case(f"t{number}", split=Split.TRAIN) for number in range(8)]
    cases += [case(f"c{number}", split=Split.CALIBRATION) for number in range(4)] + [case("x", split=Split.TEST)]
    found = partition(dataset_of(*cases), ModelConfig.model_validate({"network": {"members": 3}}))
    assert len(patients(found.by_split[Split.CALIBRATION])) == 12
    assert "x" not in patients(found.by_split[Split.TRAIN])


@pytest.mark.parametrize(
    "cases",
    [
        (),
        (case("a"), case("b")),
        (case("a"), case("a", "2"), case("a", "3")),
        (case("a"), case("b"), case("c", clean=False), case("d", clean=False)),
        (case("a"), case("b"), case("c", split=Split.TEST), case("d", split=Split.TEST)),
    ],
)
def test_fewer_than_three_patients_to_learn_from_are_refused(cases):
    with pytest.raises(DatasetError, match=r"made: has clean normal images of \d patient"):
        partition(dataset_of(*cases), ModelConfig())


def test_a_training_split_of_one_patient_is_refused():
    cases = [case("t", split=Split.TRAIN), *(case(f"c{number}", split=Split.CALIBRATION) for number in range(5))]
    with pytest.raises(DatasetError, match="1 patients cannot fill 2 splits"):
        partition(dataset_of(*cases), ModelConfig())


@pytest.mark.parametrize("name", ["rsna640", "mias640"])
def test_public_data_sets_are_shared_out_by_patient(development_data, name):
    parts = parts_of(partition(open_dataset(development_data / name), ModelConfig()))
    assert all(parts)
    assert sum(map(len, parts)) == len(set.union(*parts))


def test_the_shipped_models_normals_are_all_of_patients_without_cancer(development_data):
    """So their training data are found again by its fingerprint, see :mod:`mammolens.training.unseen`."""
    assert normals_of_affected_patients(open_dataset(development_data / "rsna640")).cases == ()
