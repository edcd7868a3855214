from pathlib import Path

import pytest

from mammolens.errors import ModelError, RequestError
from mammolens.labelapp.serving import ServingModel
from mammolens.models.directory import CALIBRATION, CONFIG, WEIGHTS, model_id_of
from mammolens.models.store import pretrained_directory

from .conftest import MakeModel


def _zero(path: Path, length: int = 1000) -> bytes:
    """Zero the middle of a file, and return what it was."""
    whole = path.read_bytes()
    start = len(whole) // 2
    path.write_bytes(whole[:start] + bytes(length) + whole[start + length :])
    return whole


def test_the_model_is_loaded_once(a_serving: ServingModel) -> None:
    assert a_serving.predictor() is a_serving.predictor()
    assert a_serving.refusal() is None


def test_another_published_model_is_served_at_once(a_serving: ServingModel, make_model: MakeModel) -> None:
    before = a_serving.predictor()
    a_serving.store.publish(make_model(seed=1))
    after = a_serving.predictor()
    assert after.model_id != before.model_id


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS, CALIBRATION])
def test_a_damaged_version_is_refused_by_name_and_the_one_before_serves(
    name: str, a_serving: ServingModel, make_model: MakeModel, caplog: pytest.LogCaptureFixture
) -> None:
    first = str(a_serving.store.serving_version())
    second = a_serving.store.publish(make_model(seed=1))
    whole = _zero(a_serving.store.directory(second) / name)
    started_again = ServingModel(a_serving.store)
    assert started_again.predictor().model_id == first
    refusal = started_again.refusal() or ""
    assert refusal.startswith(f"Model {second} is refused: {name} is damaged or was changed")
    assert refusal.endswith(f"A good copy of {first} serves until it is restored.")
    assert str(a_serving.store.root) not in refusal
    assert any(second in record.message and record.levelname == "ERROR" for record in caplog.records)
    (a_serving.store.directory(second) / name).write_bytes(whole)
    assert started_again.predictor().model_id == second
    assert started_again.refusal() is None


def test_where_no_earlier_version_is_whole_the_model_of_the_package_serves(a_serving: ServingModel) -> None:
    _zero(a_serving.store.serving() / WEIGHTS)
    assert a_serving.predictor().model_id == model_id_of(pretrained_directory())
    assert a_serving.directory() == pretrained_directory().resolve()


def test_a_version_damaged_while_it_serves_goes_on_from_memory(a_serving: ServingModel, make_model: MakeModel) -> None:
    a_serving.store.publish(make_model(seed=1))
    before = a_serving.predictor()
    _zero(a_serving.store.serving() / WEIGHTS)
    assert a_serving.predictor() is before
    assert "is damaged or was changed" in (a_serving.refusal() or "")


def test_a_version_that_is_gone_is_refused(a_serving: ServingModel, make_model: MakeModel) -> None:
    first = str(a_serving.store.serving_version())
    second = a_serving.store.publish(make_model(seed=1))
    a_serving.store.directory(second).rename(a_serving.store.root / "moved")
    assert a_serving.predictor().model_id == first
    assert (a_serving.refusal() or "").startswith(f"Model {second} is refused: ")


def test_without_any_whole_model_none_serves(a_serving: ServingModel) -> None:
    def fail(directory: Path) -> None:
        raise ModelError(directory, "cannot be loaded", "restore it")

    with pytest.raises(ModelError, match="cannot be loaded"):
        ServingModel(a_serving.store, fail).predictor()  # type: ignore[arg-type]


def test_a_request_may_name_another_device(a_serving: ServingModel) -> None:
    own = a_serving.predictor()
    assert a_serving.predictor("auto") is own
    on_the_processor = a_serving.predictor("cpu")
    assert (on_the_processor.device.is_cpu, on_the_processor.model_id) == (True, own.model_id)
    assert a_serving.predictor("cpu") is on_the_processor


def test_a_device_that_is_not_there_is_refused(a_serving: ServingModel) -> None:
    with pytest.raises(RequestError, match="device: 'cuda:99' .*; leave it out for the server's own"):
        a_serving.predictor("cuda:99")
