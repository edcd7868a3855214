import pytest
from monailabel.config import Settings

from mammolens.errors import ConfigError
from mammolens.labelapp.monailabel_settings import MAMMOGRAPHY, apply_mammography


@pytest.fixture
def a_clean_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in MAMMOGRAPHY:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_without_a_word_from_the_admin_mammographys_needs_are_set(a_clean_environment: pytest.MonkeyPatch) -> None:
    settings, environment = Settings(_env_file=None), {}
    apply_mammography(settings, environment)
    assert settings.MONAI_LABEL_DICOMWEB_SEARCH_FILTER == {"Modality": "MG"}
    assert settings.MONAI_LABEL_TRACKING_ENABLED is False
    assert settings.MONAI_LABEL_DATASTORE_FILE_EXT == ["*"]


def test_a_background_process_finds_the_same_in_its_environment(a_clean_environment: pytest.MonkeyPatch) -> None:
    settings, environment = Settings(_env_file=None), {}
    apply_mammography(settings, environment)
    for name, value in environment.items():
        a_clean_environment.setenv(name, value)
    theirs = Settings(_env_file=None)
    apply_mammography(theirs, environment)
    assert theirs == settings


def test_what_the_admin_says_wins_even_if_it_is_monai_labels_default(a_clean_environment: pytest.MonkeyPatch) -> None:
    a_clean_environment.setenv("MONAI_LABEL_AUTO_UPDATE_SCORING", "true")
    a_clean_environment.setenv("MONAI_LABEL_DATASTORE_FILE_EXT", '["*.ima"]')
    settings, environment = Settings(_env_file=None), {}
    apply_mammography(settings, environment)
    assert settings.MONAI_LABEL_AUTO_UPDATE_SCORING is True
    assert settings.MONAI_LABEL_DATASTORE_FILE_EXT == ["*.ima"]
    assert environment["MONAI_LABEL_AUTO_UPDATE_SCORING"] == "true"


def test_a_worker_to_which_all_defaults_were_exported_gets_mammographys_needs(
    a_clean_environment: pytest.MonkeyPatch,
) -> None:
    exported = Settings(_env_file=None, **{name: Settings.model_fields[name].default for name in MAMMOGRAPHY})
    apply_mammography(exported, {})
    assert exported.MONAI_LABEL_DICOMWEB_SEARCH_FILTER == {"Modality": "MG"}


def test_a_prefix_that_the_viewer_does_not_know_is_refused(a_clean_environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="MONAI_LABEL_API_STR: a prefix for all addresses is not supported"):
        apply_mammography(Settings(_env_file=None, MONAI_LABEL_API_STR="/mammolens"), {})
