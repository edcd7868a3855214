from __future__ import annotations

import pytest

from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.errors import DatasetError

TINY = {"rows": 128, "columns": 104, "spacing": (2.0, 2.0)}


def test_normals_are_clean_and_abnormals_have_lesions_in_one_breast(tmp_path):
    dataset = write_phantom_dataset(tmp_path, normals=2, abnormals=2, **TINY)
    assert (len(dataset.cases), len(dataset.patients)) == (16, 4)
    assert sum(case.clean_normal for case in dataset.cases) == 8
    assert [len(case.lesions) for case in dataset.cases if case.abnormal] == [1] * 4
    assert {case.lesions[0].kind for case in dataset.cases if case.abnormal} == {"mass", "calcifications"}
    assert all(case.path.is_file() for case in dataset.cases)


def test_two_seeds_share_no_woman(tmp_path):
    first, second = (write_phantom_dataset(tmp_path, normals=1, seed=seed, **TINY) for seed in (0, 1))
    assert not set(first.patients) & set(second.patients)


@pytest.mark.parametrize("count", [{"normals": 0}, {"normals": -1, "abnormals": 2}, {"normals": 10_001}])
def test_no_examination_or_too_many_are_refused(tmp_path, count):
    with pytest.raises(DatasetError, match="ask for 1 to 10000 examinations"):
        write_phantom_dataset(tmp_path, **count)
