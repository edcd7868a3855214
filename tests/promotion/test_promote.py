from __future__ import annotations

import shutil

import pytest

from mammolens.errors import ModelError, RequestError
from mammolens.models.directory import model_id_of
from mammolens.models.history import EventKind
from mammolens.models.lineage import lineage
from mammolens.models.store import ModelStore
from mammolens.promotion.gate_result import read_gate_result
from mammolens.promotion.policy import PromotionPolicy
from mammolens.promotion.promote import accept, propose

LENIENT = PromotionPolicy(min_patients=2, resamples=100, synthetic_margin=0.4)


@pytest.fixture
def a_store(a_seeing_model, tmp_path):
    store = ModelStore(tmp_path / "store")
    store.publish(a_seeing_model)
    return store


def test_a_refused_model_stays_in_the_store_with_its_verdict_and_does_not_serve(a_store, a_shuffled_model, held_out):
    before = a_store.serving_version()
    decision = propose(a_store, a_shuffled_model, held_out[:8], by="trainer", policy=LENIENT)
    assert not decision.serves
    assert a_store.serving_version() == before
    found = lineage(a_store, decision.version)
    assert (found.refused, found.serves, found.added_by) == (True, False, "trainer")
    assert read_gate_result(a_store.gate_result(found.gate_result), "kept") == decision.gate_result
    assert a_store.history()[-1].why == decision.gate_result.reason


def test_a_person_may_overrule_the_gate_and_is_written_down(a_store, a_shuffled_model, held_out):
    decision = propose(a_store, a_shuffled_model, held_out[:8], by="Dr Example", policy=LENIENT, override="a trial")
    assert decision.serves
    assert a_store.serving_version() == decision.version == model_id_of(a_shuffled_model)
    assert (decision.gate_result.passed, decision.gate_result.override.by) == (False, "Dr Example")
    last = a_store.history()[-1]
    assert (last.event, last.by, last.overridden) == (EventKind.PROMOTED, "Dr Example", True)
    assert "a trial" in last.why
    assert "chance" in last.why


def test_a_version_of_the_store_can_be_proposed_again(a_store, a_seeing_model, held_out):
    version = a_store.add(a_seeing_model, by="trainer")
    decision = propose(a_store, version, held_out[:8], by="trainer", policy=LENIENT, override="the same model")
    assert decision.serves
    assert a_store.serving_version() == version


def test_a_verdict_against_a_model_that_serves_no_more_promotes_nobody(a_store, a_seeing_model, held_out, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(a_seeing_model, other)

    def publish_meanwhile(done, _total):
        if done == 1:
            a_store.publish(other, by="somebody else")

    with pytest.raises(ModelError, match="another model was promoted during the comparison; compare again"):
        propose(a_store, a_seeing_model, held_out[:4], by="a", override="b", progress=publish_meanwhile)
    assert a_store.history()[-1].by == "somebody else"


def test_a_model_that_passes_waits_where_a_person_is_to_be_asked(a_store, a_seeing_model, held_out):
    before = a_store.serving_version()
    decision = propose(a_store, a_seeing_model, held_out, by="trainer", policy=LENIENT, ask=True)
    assert decision.gate_result.passed, decision.gate_result.reason
    assert (decision.serves, decision.waits, a_store.serving_version()) == (False, True, before)
    assert lineage(a_store, decision.version).waits
    accept(a_store, decision.version, by="Dr Example")
    assert a_store.serving_version() == decision.version
    found = lineage(a_store, decision.version)
    assert (found.waits, found.overridden, found.promoted_by) == (False, False, "Dr Example")


def test_to_accept_what_the_gate_refused_needs_a_reason_which_is_kept(a_store, a_shuffled_model, held_out):
    before = a_store.serving_version()
    decision = propose(a_store, a_shuffled_model, held_out[:8], by="trainer", policy=LENIENT)
    with pytest.raises(RequestError, match="why: is missing: the gate has not approved this model"):
        accept(a_store, decision.version, by="Dr Example", why=" ")
    assert a_store.serving_version() == before
    accept(a_store, decision.version, by="Dr Example", why="a trial")
    found = lineage(a_store, decision.version)
    assert (found.serves, found.overridden, found.promoted_by) == (True, True, "Dr Example")
    assert read_gate_result(a_store.gate_result(found.gate_result), "kept").override.why == "a trial"


def test_a_verdict_against_another_model_is_no_consent(a_store, a_seeing_model, held_out, tmp_path):
    decision = propose(a_store, a_seeing_model, held_out[:8], by="trainer", policy=LENIENT, ask=True)
    assert decision.waits, decision.gate_result.reason
    a_store.publish(a_seeing_model, by="somebody else")
    with pytest.raises(RequestError, match="why: is missing"):
        accept(a_store, decision.version, by="Dr Example")


def test_a_person_who_overruled_the_gate_did_not_make_it_consent(a_store, a_seeing_model, held_out):
    waits = propose(a_store, a_seeing_model, held_out[:8], by="trainer", policy=LENIENT, ask=True).version
    other = a_store.publish(a_seeing_model, by="somebody else")
    accept(a_store, waits, by="Dr Example", why="a trial")
    assert a_store.rollback(by="Dr Example", why="back") == other
    assert lineage(a_store, waits).overridden
    with pytest.raises(RequestError, match="why: is missing"):
        accept(a_store, waits, by="Dr Example")


def test_the_gates_consent_holds_as_long_as_the_model_serves_that_it_was_asked_about(a_store, a_seeing_model, held_out):
    before = a_store.serving_version()
    passed = propose(a_store, a_seeing_model, held_out[:8], by="trainer", policy=LENIENT, ask=True).version
    accept(a_store, passed, by="Dr Example")
    assert lineage(a_store, passed).compared_with == before
    a_store.rollback(by="Dr Example", why="back")
    accept(a_store, passed, by="Dr Example")
    assert (a_store.serving_version(), lineage(a_store, passed).overridden) == (passed, False)


def test_a_candidate_is_added_when_it_is_assessed_and_not_before(a_store, a_seeing_model, held_out):
    before = a_store.versions()
    with pytest.raises(KeyboardInterrupt):
        propose(a_store, a_seeing_model, held_out[:4], by="a", progress=_killed)
    assert a_store.versions() == before


def _killed(done, total):
    raise KeyboardInterrupt
