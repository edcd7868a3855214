from __future__ import annotations

import json

import pytest

from mammolens.errors import ModelError
from mammolens.models.directory import TRAINING, seal_model
from mammolens.models.lineage import lineage, lineages, serving_added_at
from mammolens.models.store import ModelStore


@pytest.fixture
def a_store(tmp_path):
    return ModelStore(tmp_path / "store")


def test_it_tells_where_a_version_comes_from_and_who_let_it_serve(a_store, make_model):
    first = a_store.publish(make_model(1))
    folder = make_model(2)
    record = {"started_from": "small-1", "data_fingerprint": "abc", "dataset": {"name": "accepted normals"}}
    (folder / TRAINING).write_text(json.dumps(record))
    seal_model(folder)
    second = a_store.add(folder, by="trainer")
    kept = a_store.save_gate_result(second, "{}")
    a_store.promote(second, by="Dr Example", why="I know better", gate_result=kept, overridden=True)
    found = lineage(a_store, second)
    assert (found.serves, found.parent, found.started_from) == (True, first, "small-1")
    assert (found.dataset, found.data_fingerprint) == ("accepted normals", "abc")
    assert (found.added_by, found.promoted_by, found.overridden) == ("trainer", "Dr Example", True)
    assert found.gate_result == kept
    assert found.added_at <= found.promoted_at


def test_a_refused_version_says_so_until_it_is_promoted(a_store, make_model):
    version = a_store.add(make_model(), by="trainer")
    a_store.refuse(version, by="trainer", why="worse")
    assert [one.refused for one in lineages(a_store)] == [True]
    a_store.promote(version, by="a", why="b")
    assert [(one.refused, one.serves) for one in lineages(a_store)] == [(False, True)]


def test_of_a_version_without_a_history_nothing_is_claimed(a_store, make_model):
    version = a_store.publish(make_model())
    a_store.root.joinpath("history.jsonl").unlink()
    a_store.root.joinpath("history.head").unlink()
    found = lineage(a_store, version)
    assert found.serves
    assert (found.parent, found.added_by, found.promoted_by, found.gate_result) == (None, None, None, None)


def test_an_unknown_version_is_an_error(a_store):
    with pytest.raises(ModelError, match="has no version"):
        lineage(a_store, "other")


def test_when_the_serving_version_came_is_told(a_store, make_model):
    assert serving_added_at(a_store) is None
    first = a_store.publish(make_model(1))
    came = serving_added_at(a_store)
    assert came == lineage(a_store, first).added_at
    second = a_store.add(make_model(2), by="trainer")
    assert serving_added_at(a_store) == came
    a_store.promote(second, by="a", why="b")
    assert serving_added_at(a_store) > came
    a_store.rollback(by="a", why="b")
    assert serving_added_at(a_store) == came


def test_a_version_waits_until_somebody_decides(a_store, make_model):
    serving, version = a_store.publish(make_model(1)), a_store.add(make_model(2), by="trainer")
    a_store.wait(version, by="trainer", why="not worse", gate_result="v.json")
    found = lineage(a_store, version)
    assert (found.waits, found.gate_result, found.compared_with) == (True, "v.json", serving)
    a_store.refuse(version, by="Dr Example", why="too many marks")
    found = lineage(a_store, version)
    assert (found.waits, found.refused, found.gate_result) == (False, True, "v.json")
