from __future__ import annotations

import pytest

from mammolens.errors import ConfigError
from mammolens.promotion.policy import PromotionPolicy, load_policy


def test_fields_that_are_left_out_keep_their_defaults(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text("synthetic_margin: 0.1\n")
    assert load_policy(path) == PromotionPolicy(synthetic_margin=0.1)
    path.write_text("")
    assert load_policy(path) == PromotionPolicy()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("synthetic_margin: 2", "synthetic_margin: "),
        ("margin: 0.1", "margin: Extra"),
        ("[1", "cannot be read as YAML"),
        ("3", "level"),
    ],
)
def test_a_mistake_names_file_and_field(tmp_path, text, reason):
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=reason):
        load_policy(path)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_policy(tmp_path / "none.yaml")
