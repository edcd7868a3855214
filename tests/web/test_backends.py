import threading

from mammolens.inference.presentation import Presentation
from mammolens.web import backends
from mammolens.web.backends import LocalBackend

from ..patience import PATIENCE_S


def test_one_drop_is_analysed_after_the_other_and_who_waits_is_told(tmp_path, monkeypatch):
    inside, release = threading.Event(), threading.Event()
    at_once: list[int] = []

    def slow(_predictor, _files, folder, _tell):
        at_once.append(1)
        assert len(at_once) == 1
        inside.set()
        release.wait(PATIENCE_S)
        at_once.pop()
        return Presentation(exams=[], problems=[])

    monkeypatch.setattr(backends, "present", slow)
    backend, told = LocalBackend(None), []
    first = threading.Thread(target=backend.infer, args=({}, tmp_path, lambda *_: None))
    first.start()
    assert inside.wait(PATIENCE_S)

    def tell(_done, _total, name):
        told.append(name)
        release.set()

    backend.infer({}, tmp_path, tell)
    first.join(PATIENCE_S)
    assert told == ["waiting for another user's images"]


def test_an_error_lets_the_next_one_in(a_predictor, exam_files, tmp_path):
    backend = LocalBackend(a_predictor)

    def stop(*_):
        raise KeyboardInterrupt

    for _ in range(2):
        try:
            backend.infer({exam_files[0]: "a"}, tmp_path, stop)
        except KeyboardInterrupt:
            continue
        raise AssertionError("it was not stopped")
