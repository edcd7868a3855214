from pathlib import Path

import pytest

from mammolens.errors import ConfigError
from mammolens.web.settings import WebSettings


def test_settings_come_through_the_environment_as_they_were(monkeypatch):
    settings = WebSettings(model=Path("m"), server="http://127.0.0.1:8000", max_images=3)
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)
    assert WebSettings.from_environment() == settings


def test_without_any_the_defaults_hold(monkeypatch):
    monkeypatch.delenv("MAMMOLENS_WEB", raising=False)
    assert WebSettings.from_environment() == WebSettings()


def test_what_is_no_setting_is_an_error_with_the_remedy(monkeypatch):
    monkeypatch.setenv("MAMMOLENS_WEB", '{"max_images": 0}')
    with pytest.raises(ConfigError, match="start the page with `mammolens web`"):
        WebSettings.from_environment()
