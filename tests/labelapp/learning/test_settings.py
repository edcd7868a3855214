from datetime import time

import pytest

from mammolens.errors import ConfigError
from mammolens.labelapp.learning.settings import LearningSettings, cores


def test_half_of_the_cores_learn_unless_told_otherwise_and_nothing_is_scheduled() -> None:
    settings = LearningSettings.of({})
    assert settings.threads == max(1, cores() // 2)
    assert not settings.is_scheduled


def test_what_an_admin_says_is_taken() -> None:
    settings = LearningSettings.of({"learning_threads": "3", "retrain_at": "02:05", "retrain_after": "20"})
    assert settings == LearningSettings(3, time(2, 5), 20)
    assert settings.is_scheduled


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("learning_threads", "0", "is no number from 1 on"),
        ("learning_threads", "two", "is no number from 1 on"),
        ("retrain_after", "-3", "is no number from 1 on"),
        ("retrain_at", "25:00", "is no time of day; give one like 02:00"),
        ("retrain_at", "2 o'clock", "is no time of day"),
    ],
)
def test_a_value_that_cannot_be_used_stops_the_start_and_names_its_option(name: str, text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=f"--conf {name}: .*{complaint}"):
        LearningSettings.of({name: text})
