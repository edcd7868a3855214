from __future__ import annotations

import shutil

import pytest

from mammolens.errors import ModelError
from mammolens.models.directory import model_id_of
from mammolens.models.history import Event
from mammolens.models.lineage import lineage
from mammolens.models.store import ModelStore
from mammolens.promotion.policy import PromotionPolicy
from mammolens.promotion.promote import propose
from mammolens.promotion.verdict import read_verdict

LENIENT = PromotionPolicy(fewest_patients=2, resamples=100, suite_margin=0.4)


@pytest.fixture
def a_store(a_seeing_model, tmp_path):
    store = ModelStore(tmp_path / "store")
    store.publish(a_seeing_model)
    return store


def test_a_refused_model_stays_in_the_store_with_its_verdict_and_does_not_serve(a_store, a_shuffled_model, held_back):
    before = a_store.serving_version()
    decision = propose(a_store, a_shuffled_model, held_back[:8], by="trainer", policy=LENIENT)
    assert not decision.serves
    assert a_store.serving_version() == before
    found = lineage(a_store, decision.version)
    assert (found.refused, found.serves, found.added_by) == (True, False, "trainer")
    assert read_verdict(a_store.verdict(found.verdict), "kept") == decision.verdict
    assert a_store.history()[-1].why == decision.verdict.reason


def test_a_person_may_overrule_the_gate_and_is_written_down(a_store, a_shuffled_model, held_back):
    decision = propose(a_store, a_shuffled_model, held_back[:8], by="Dr Example", policy=LENIENT, override="a trial")
    assert decision.serves
    assert a_store.serving_version() == decision.version == model_id_of(a_shuffled_model)
    assert (decision.verdict.passed, decision.verdict.override.by) == (False, "Dr Example")
    last = a_store.history()[-1]
    assert (last.event, last.by, last.overridden) == (Event.PROMOTED, "Dr Example", True)
    assert "a trial" in last.why
    assert "chance" in last.why


def test_a_version_of_the_store_can_be_proposed_again(a_store, a_seeing_model, held_back):
    version = a_store.add(a_seeing_model, by="trainer")
    decision = propose(a_store, version, held_back[:8], by="trainer", policy=LENIENT, override="the same model")
    assert decision.serves
    assert a_store.serving_version() == version


def test_a_verdict_against_a_model_that_serves_no_more_promotes_nobody(a_store, a_seeing_model, held_back, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(a_seeing_model, other)

    def publish_meanwhile(done, _total):
        if done == 1:
            a_store.publish(other, by="somebody else")

    with pytest.raises(ModelError, match="another model was promoted while this one was judged; judge it again"):
        propose(a_store, a_seeing_model, held_back[:4], by="a", override="b", progress=publish_meanwhile)
    assert a_store.history()[-1].by == "somebody else"
