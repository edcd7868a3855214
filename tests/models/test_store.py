from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from mammolens.errors import ModelError
from mammolens.models.directory import CALIBRATION, CARD, TRAINING, WEIGHTS, load_model, model_id_of
from mammolens.models.store import ModelStore, pretrained_directory


@pytest.fixture
def a_store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "store")


def test_before_anything_is_published_the_pretrained_model_serves(a_store):
    assert a_store.serving() == pretrained_directory()
    assert a_store.versions() == []


def test_what_is_published_serves_under_its_id(a_store, make_model):
    folder = make_model()
    (folder / CARD).write_text("# card")
    name = a_store.publish(folder)
    assert name == model_id_of(folder)
    assert a_store.serving() == a_store.root / "versions" / name
    assert load_model(a_store.serving()).model_id == name
    assert {path.name for path in a_store.serving().iterdir()} == {path.name for path in folder.iterdir()}


def test_the_last_one_published_serves_and_all_are_kept_oldest_first(a_store, make_model):
    names = [a_store.publish(make_model(seed)) for seed in range(3)]
    assert a_store.versions() == names
    assert a_store.serving().name == names[-1]


def test_the_same_model_published_twice_is_two_versions(a_store, make_model):
    folder = make_model()
    first, second = a_store.publish(folder), a_store.publish(folder)
    assert first != second
    assert second.startswith(f"{first}-")
    assert a_store.versions() == [first, second]
    assert a_store.serving().name == second


def test_two_who_publish_the_same_model_at_once_both_succeed(a_store, make_model):
    folder, together, names, failures = make_model(), threading.Barrier(4), [], []

    def publish() -> None:
        together.wait()
        try:
            names.append(a_store.publish(folder))
        except OSError as error:
            failures.append(error)

    threads = [threading.Thread(target=publish) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(set(names)) == 4
    assert set(a_store.versions()) == set(names)


@pytest.mark.parametrize("name", ["config.yaml", WEIGHTS, TRAINING, CALIBRATION])
def test_an_incomplete_model_is_not_published(a_store, make_model, name):
    serving = a_store.publish(make_model(1))
    folder = make_model(2)
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"has no {name}; publish a trained and calibrated model"):
        a_store.publish(folder)
    assert a_store.versions() == [serving]


def test_a_damaged_model_is_not_published(a_store, make_model):
    serving = a_store.publish(make_model(1))
    folder = make_model(2)
    (folder / WEIGHTS).write_bytes(b"half")
    with pytest.raises(ModelError, match="cannot be loaded"):
        a_store.publish(folder)
    assert a_store.serving().name == serving


def test_whoever_asks_meanwhile_sees_the_old_version_or_the_new_one_whole(a_store, make_model):
    folders = [make_model(seed) for seed in range(4)]
    known = {model_id_of(folder) for folder in folders}
    a_store.publish(folders[0])
    seen, done = [], threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.append(load_model(a_store.serving()).model_id)

    reader = threading.Thread(target=read)
    reader.start()
    for folder in folders * 3:
        a_store.publish(folder)
    done.set()
    reader.join()
    assert seen
    assert set(seen) <= known


@pytest.mark.parametrize("moment", ["shutil.copy2", "pathlib.Path.rename", "pathlib.Path.replace"])
def test_a_crash_at_any_moment_leaves_a_store_that_serves(a_store, make_model, monkeypatch, moment):
    old, folder = a_store.publish(make_model(1)), make_model(2)

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(moment, fail)
        with pytest.raises(OSError, match="No space left"):
            a_store.publish(folder)
    assert load_model(a_store.serving()).model_id == old
    assert all(load_model(a_store.root / "versions" / name) for name in a_store.versions())
    assert a_store.publish(folder).startswith(model_id_of(folder))


def test_the_half_of_a_copy_that_a_killed_process_left_is_no_version(a_store, make_model):
    serving = a_store.publish(make_model())
    left = a_store.root / "versions" / ".0123456789abcdef"
    left.mkdir()
    (left / WEIGHTS).write_bytes(b"half")
    assert a_store.versions() == [serving]


@pytest.mark.parametrize("text", ["gone-1a2b3c4d5e6f", "", "..", "../versions", "\x00"])
def test_a_pointer_that_names_no_version_is_an_error_that_says_what_to_do(a_store, make_model, text):
    a_store.publish(make_model())
    (a_store.root / "serving").write_text(text)
    with pytest.raises(ModelError, match="is the serving version but is gone; restore it, or delete"):
        a_store.serving()
