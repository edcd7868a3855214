from mammolens.labelapp.serving import ServingModel
from mammolens.models.store import ModelStore

from .conftest import MakeModel


def test_the_model_is_loaded_once(a_serving: ServingModel) -> None:
    assert a_serving.predictor() is a_serving.predictor()


def test_another_published_model_is_served_at_once(a_serving: ServingModel, make_model: MakeModel) -> None:
    before = a_serving.predictor()
    assert isinstance(a_serving.store, ModelStore)
    a_serving.store.publish(make_model(seed=1))
    after = a_serving.predictor()
    assert after.model_id != before.model_id
