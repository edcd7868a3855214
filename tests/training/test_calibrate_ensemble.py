from __future__ import annotations

import pytest

from mammolens.config import EnsembleConfig
from mammolens.errors import DatasetError
from mammolens.models.networks import build_network
from mammolens.training.calibrate import Unseen
from mammolens.training.calibrate_ensemble import MemberToCalibrate, calibrate_ensemble
from mammolens.training.progress import ignore_progress


@pytest.fixture
def members(a_tiny_config, phantoms):
    """Two untrained members; of which patients each knows nothing is told by their numbers."""
    network = build_network(a_tiny_config.network)

    def make(one, other):
        unseen = [{phantoms.patients[number] for number in numbers} for numbers in (one, other)]
        parts = [[case for case in phantoms.cases if case.patient_id in patients] for patients in unseen]
        told = zip(("one", "other"), parts, strict=True)
        return {name: MemberToCalibrate(a_tiny_config, [Unseen(network, cases)]) for name, cases in told}

    return make


CONFIG = EnsembleConfig.model_validate(
    {"ensemble": {"members": [{"name": name, "model": name} for name in ("one", "other")]}}
)


def test_patients_count_whom_every_member_did_not_learn_from(members):
    found = calibrate_ensemble(members([0, 1, 2], [1, 2, 3]), CONFIG, ignore_progress)
    scales = [one.image_scales.pooled.patients for one in (*found.members.values(), found.ensemble)]
    assert scales == [2, 2, 2]
    assert len(found.used) == len(found.cases) == 8


def test_two_equal_members_score_as_each_of_them(members):
    found = calibrate_ensemble(members([0, 1, 2], [0, 1, 2]), CONFIG, ignore_progress)
    one = found.members["one"].images
    assert [image.raw_score for image in found.ensemble.images] == pytest.approx([image.pred_score for image in one])


def test_without_such_a_patient_it_is_refused_with_how_many_each_could_use(members):
    with pytest.raises(DatasetError, match=r"no normal patient is new to all members \(.*one 2, other 3\)"):
        calibrate_ensemble(members([0, 1], [2, 3, 4]), CONFIG, ignore_progress)
