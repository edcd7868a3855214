from __future__ import annotations

import json

import pytest
from detect_secrets import SecretsCollection
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.settings import configure_settings_from_baseline, transient_settings
from known_tokens import KnownTokens

from .conftest import REPOSITORY

BASELINE = json.loads((REPOSITORY / ".secrets.baseline").read_text())


def test_each_pattern_of_detect_secrets_is_searched_for():
    by_themselves = {plugin["name"] for plugin in BASELINE["plugins_used"]}
    others = [detector for detector in RegexBasedDetector.__subclasses__() if detector.__name__ not in by_themselves]
    assert len(others) > 20
    assert set(KnownTokens.denylist) == {pattern for detector in others for pattern in detector.denylist}


@pytest.mark.parametrize(
    "halves", [("AKIA", "IOSFODNN7EXAMPLF"), ("https://bob:", "fishes@host"), ("BEGIN RSA PR", "IVATE KEY")]
)
def test_a_token_is_found_by_the_settings_of_make_lint(halves, tmp_path, monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    (tmp_path / "notes.txt").write_text("".join(halves))
    secrets = SecretsCollection()
    with transient_settings({}):
        configure_settings_from_baseline(BASELINE)
        secrets.scan_file(str(tmp_path / "notes.txt"))
    assert [secret.type for _, secret in secrets] == [KnownTokens.secret_type]
