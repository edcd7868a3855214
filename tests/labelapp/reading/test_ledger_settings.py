from pathlib import Path

import pytest

from mammolens.errors import ConfigError, LedgerError
from mammolens.labelapp.reading.ledger_settings import open_ledger, review_policy
from mammolens.review.policy import PolicyName


def test_without_a_word_the_ledger_lies_beside_the_images(tmp_path: Path) -> None:
    with open_ledger({}, tmp_path / "place", {}) as ledger:
        assert ledger.name == str(tmp_path / "place" / "decisions.sqlite")


def test_what_the_command_line_says_wins_over_the_environment(tmp_path: Path) -> None:
    said, environment = str(tmp_path / "said.sqlite"), {"MAMMOLENS_LEDGER": str(tmp_path / "variable.sqlite")}
    with open_ledger({"ledger": said}, tmp_path, environment) as ledger:
        assert ledger.name == said
    with open_ledger({}, tmp_path, environment) as ledger:
        assert ledger.name == environment["MAMMOLENS_LEDGER"]
    assert not (tmp_path / "decisions.sqlite").exists()


def test_a_ledger_that_cannot_be_opened_stops_the_start_without_telling_the_password(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="mysql cannot keep it"):
        open_ledger({"ledger": "mysql://host/name"}, tmp_path, {})
    with pytest.raises(LedgerError) as told:
        open_ledger({"ledger": "postgresql://anna:secret@127.0.0.1:1/decisions"}, tmp_path, {})
    assert "secret" not in str(told.value)


def test_the_policy_is_the_latest_unless_another_is_named() -> None:
    assert review_policy({}) is PolicyName.LATEST
    assert review_policy({"review_policy": "two_readers"}) is PolicyName.TWO_READERS
    with pytest.raises(ConfigError, match=r"--conf review_policy: 'three' is not known; use latest, two_readers"):
        review_policy({"review_policy": "three"})
