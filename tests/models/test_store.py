from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mammolens.errors import ModelError
from mammolens.models.directory import CALIBRATION, CARD, TRAINING, WEIGHTS, load_model, model_id_of, seal_model
from mammolens.models.history import EventKind
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


def test_a_recalibrated_version_is_called_so_and_not_like_the_one_before(a_store, make_model):
    model = make_model()
    version = a_store.publish(model)
    record = json.loads((model / TRAINING).read_text())
    (model / TRAINING).write_text(json.dumps({**record, "calibrated_on": {"name": "ours"}}))
    seal_model(model)
    assert a_store.add(model, by="anna") == f"{version}-recalibrated"
    assert a_store.add(model, by="anna").startswith(f"{version}-recalibrated-")


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
    with pytest.raises(ModelError, match="is damaged or was changed"):
        a_store.publish(folder)
    assert a_store.serving().name == serving


def test_a_version_that_was_changed_and_sealed_again_is_not_the_one_that_was_added(a_store, make_model):
    version = a_store.publish(make_model(1))
    directory = a_store.checked(version)
    (directory / TRAINING).write_text("{}")
    seal_model(directory)
    with pytest.raises(ModelError, match="is not the one that came into the store"):
        a_store.checked(version)


def test_a_damaged_version_is_not_promoted_and_not_rolled_back_to(a_store, make_model):
    first, second = a_store.publish(make_model(1)), a_store.publish(make_model(2))
    weights = a_store.directory(first) / WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1])
    for change in (
        lambda: a_store.promote(first, by="somebody", why="better"),
        lambda: a_store.rollback(by="somebody", why="worse"),
    ):
        with pytest.raises(ModelError, match="is damaged or was changed"):
            change()
    assert a_store.serving_version() == second


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
    with pytest.raises(ModelError, match="is the version in use but is missing; restore it, or delete"):
        a_store.serving()


def test_what_is_added_does_not_serve_until_it_is_promoted(a_store, make_model):
    old = a_store.publish(make_model(1))
    new = a_store.add(make_model(2), by="trainer")
    assert a_store.serving().name == old
    a_store.promote(new, by="Dr Example", why="better", gate_result="v.json")
    assert a_store.serving().name == new
    last = a_store.history()[-1]
    assert (last.event, last.version, last.previous) == (EventKind.PROMOTED, new, old)
    assert (last.by, last.why, last.gate_result, last.overridden) == ("Dr Example", "better", "v.json", False)


def test_rolling_back_leads_to_the_pretrained_model_and_no_further(a_store, make_model):
    first, second = (a_store.publish(make_model(seed)) for seed in (1, 2))
    assert a_store.serving().name == second
    assert a_store.rollback(by="a", why="worse") == first
    assert a_store.serving().name == first
    assert a_store.rollback(by="a", why="worse still") is None
    assert a_store.serving() == pretrained_directory()
    with pytest.raises(ModelError, match="there is no previous model"):
        a_store.rollback(by="a", why="again")
    assert a_store.versions() == [first, second]  # nothing is lost


def test_rolling_back_to_a_version_that_is_gone_changes_nothing(a_store, make_model):
    first, second = (a_store.publish(make_model(seed)) for seed in (1, 2))
    shutil.rmtree(a_store.root / "versions" / first)
    with pytest.raises(ModelError, match="has no version"):
        a_store.rollback(by="a", why="worse")
    assert a_store.serving().name == second


def test_rolling_back_is_the_way_out_when_the_serving_version_is_gone(a_store, make_model):
    first, second = (a_store.publish(make_model(seed)) for seed in (1, 2))
    shutil.rmtree(a_store.root / "versions" / second)
    assert a_store.rollback(by="a", why="gone") == first
    assert a_store.serving().name == first


def test_a_store_from_before_there_was_a_history_can_be_rolled_back(a_store, make_model):
    first = a_store.publish(make_model(1))
    (a_store.root / "history.jsonl").unlink()
    (a_store.root / "history.head").unlink()
    second = a_store.publish(make_model(2))
    assert a_store.rollback(by="a", why="worse") == first
    assert a_store.serving().name == first
    assert second in a_store.versions()


def test_a_refusal_is_noted_and_changes_nothing(a_store, make_model):
    old, new = a_store.publish(make_model(1)), a_store.add(make_model(2), by="trainer")
    a_store.refuse(new, by="trainer", why="worse", gate_result="v.json")
    assert a_store.serving().name == old
    assert (a_store.history()[-1].event, a_store.history()[-1].version) == (EventKind.REFUSED, new)


def test_what_waits_does_not_serve_and_leaves_the_way_back_alone(a_store, make_model):
    old, new = a_store.publish(make_model(1)), a_store.add(make_model(2), by="trainer")
    a_store.wait(new, by="trainer", why="not worse", gate_result="v.json")
    assert a_store.serving().name == old
    assert (a_store.history()[-1].event, a_store.history()[-1].version) == (EventKind.WAITS, new)
    assert a_store.rollback(by="a", why="worse") is None


def test_what_was_compared_with_another_model_is_not_promoted(a_store, make_model):
    old, new = a_store.publish(make_model(1)), a_store.add(make_model(2), by="trainer")
    with pytest.raises(ModelError, match="another model was promoted during the comparison"):
        a_store.promote(new, by="a", why="b", compared_with=None)
    assert a_store.serving().name == old
    a_store.promote(new, by="a", why="b", compared_with=old)
    assert a_store.serving().name == new


def test_to_promote_what_serves_already_does_nothing(a_store, make_model):
    version = a_store.publish(make_model())
    before = a_store.history()
    a_store.promote(version, by="a", why="again")
    assert a_store.history() == before


def test_an_unknown_version_is_an_error_that_names_the_known_ones(a_store, make_model):
    version = a_store.publish(make_model())
    with pytest.raises(ModelError, match=f"has no version 'other'; use one of its versions: {version}"):
        a_store.promote("other", by="a", why="b")


def test_a_verdict_is_kept_beside_the_versions(a_store, make_model):
    version = a_store.publish(make_model())
    names = [a_store.save_gate_result(version, text) for text in ("one", "two")]
    assert [a_store.gate_result(name) for name in names] == ["one", "two"]
    with pytest.raises(ModelError, match="cannot be read"):
        a_store.gate_result("none.json")


def dies_at(number: int, root: Path, work: Callable[[], object]) -> bool:
    """Do the work in a child that is killed before its n-th change of a file below ``root``; False: it got through."""
    child = os.fork()
    if child == 0:
        left = number

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            if _changes_files(event, arguments) and any(str(root) in str(argument) for argument in arguments):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        code = 1
        try:
            sys.addaudithook(hook)
            work()
            code = 0
        finally:
            os._exit(code)  # whatever happened: the tests go on in the parent alone
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the work itself failed"
    return os.WIFSIGNALED(status)


_CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.truncate", "os.utime"}


def _changes_files(event: str, arguments: tuple[object, ...]) -> bool:
    """What only reads leaves the files as they were: killed before it, a process leaves what it leaves after it."""
    if event != "open":
        return event in _CHANGES
    flags = arguments[2]
    assert isinstance(flags, int)
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


@pytest.mark.slow
@pytest.mark.parametrize("change", ["publish", "promote", "rollback", "to the pretrained one"])
def test_killed_between_any_two_changes_of_files_a_whole_model_serves_and_the_next_change_works(
    make_model, tmp_path, change
):
    template = ModelStore(tmp_path / "template")
    template.publish(make_model(1))
    if change == "rollback":
        template.publish(make_model(3))
    published, later = make_model(2), make_model(4)
    other = template.add(published, by="a")
    before = template.serving_version()
    points, outcomes = 0, set()
    while True:
        store = ModelStore(tmp_path / f"store-{points}")
        shutil.copytree(template.root, store.root)
        works = {
            "publish": lambda store=store: store.publish(published),
            "promote": lambda store=store: store.promote(other, by="a", why="b"),
        }
        work = works.get(change, lambda store=store: store.rollback(by="a", why="b"))
        died = dies_at(points + 1, store.root, work)
        serving = load_model(store.serving()).model_id
        assert all(load_model(store.directory(version)) for version in store.versions())
        outcomes.add(store.serving_version() == before)
        store.history()  # never torn
        # The next change finds the truth, whatever the history had announced.
        pointed = store.serving_version()
        new = store.publish(later)
        assert store.serving().name == new
        assert store.rollback(by="a", why="b") == pointed
        assert load_model(store.serving()).model_id == serving
        shutil.rmtree(store.root)
        if not died:
            break
        points += 1
    assert points > 5
    assert outcomes == {True, False}
