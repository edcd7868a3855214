from pathlib import Path

import pytest

from mammolens.errors import ConfigError
from mammolens.labelapp.tasks.promotion_settings import Promotion, PromotionSettings


def test_without_any_word_the_gate_alone_decides_and_a_fifth_is_held_back() -> None:
    settings = PromotionSettings.of({})
    assert (settings.promotion, settings.held_back_share, settings.guard_share) == (Promotion.AUTOMATIC, 0.2, 0.05)
    assert settings.policy.fewest_patients == 20
    assert settings == PromotionSettings()


def test_everything_can_be_set(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("fewest_patients: 7\n")
    settings = PromotionSettings.of(
        {
            "promotion": "ask",
            "held_back_share": "0.3",
            "guard_share": "0",
            "gate_policy": str(policy),
            "sentinels": str(tmp_path),
            "exposure": str(tmp_path),
        }
    )
    assert settings.policy.fewest_patients == 7
    assert (settings.held_back_share, settings.guard_share) == (0.3, 0.0)
    assert settings.sentinels == settings.exposure == tmp_path


def test_a_request_may_say_otherwise() -> None:
    assert PromotionSettings(promotion=Promotion.ASK).asks(None)
    assert not PromotionSettings(promotion=Promotion.ASK).asks(False)
    assert PromotionSettings().asks(True)


@pytest.mark.parametrize(
    ("conf", "reason"),
    [
        ({"promotion": "perhaps"}, "--conf promotion: 'perhaps' is not known; use automatic, ask"),
        ({"held_back_share": "0"}, "--conf held_back_share: '0' is no share"),
        ({"held_back_share": "many"}, "'many' is no share"),
        ({"guard_share": "1"}, "--conf guard_share: '1' is no share"),
        ({"gate_policy": "nowhere.yaml"}, "cannot be read"),
        ({"sentinels": "nowhere"}, "--conf sentinels: 'nowhere' is no folder"),
        ({"exposure": "nowhere"}, "--conf exposure: 'nowhere' is no folder"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(conf: dict[str, str], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        PromotionSettings.of(conf)
