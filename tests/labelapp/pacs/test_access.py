from pathlib import Path

import pytest
from monailabel.config import Settings

from mammolens.errors import ConfigError
from mammolens.labelapp.pacs.access import PacsAccess, access_to, own_settings

URL = "http://pacs.example/dicom-web"


@pytest.fixture
def set_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.chdir(tmp_path)  # where no .env is
    for name in ("TOKEN", "CA_FILE", "CLIENT_CERTIFICATE", "CLIENT_KEY", "CACHE_GB"):
        monkeypatch.delenv(f"MAMMOLENS_DICOMWEB_{name}", raising=False)
    return monkeypatch


def test_everything_comes_from_the_settings(set_up: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("ca.pem", "me.pem", "me.key"):
        (tmp_path / name).touch()
    set_up.setenv("MAMMOLENS_DICOMWEB_TOKEN", "secret")
    set_up.setenv("MAMMOLENS_DICOMWEB_CA_FILE", str(tmp_path / "ca.pem"))
    set_up.setenv("MAMMOLENS_DICOMWEB_CLIENT_CERTIFICATE", str(tmp_path / "me.pem"))
    (tmp_path / ".env").write_text(f"MAMMOLENS_DICOMWEB_CLIENT_KEY={tmp_path / 'me.key'}\n")
    access = access_to(URL + "/ ", Settings(_env_file=None, MONAI_LABEL_DICOMWEB_PROXY_TIMEOUT=7))
    assert access == PacsAccess(
        URL,
        token="secret",
        ca_file=tmp_path / "ca.pem",
        client_certificate=tmp_path / "me.pem",
        client_key=tmp_path / "me.key",
        seconds=7,
    )
    assert "secret" not in repr(access)
    assert "secret" not in repr(own_settings())


def test_a_ca_file_that_does_not_exist_is_refused_by_its_setting(set_up: pytest.MonkeyPatch) -> None:
    set_up.setenv("MAMMOLENS_DICOMWEB_CA_FILE", "/nowhere/ca.pem")
    with pytest.raises(ConfigError, match=r"MAMMOLENS_DICOMWEB_CA_FILE: there is no file /nowhere/ca.pem; give"):
        access_to(URL, Settings(_env_file=None))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"token": "t", "user": "u", "password": "p"}, "TOKEN: is set together with a user"),
        ({"client_key": Path("/x.key")}, "CLIENT_KEY: is set without"),
    ],
)
def test_what_contradicts_itself_is_refused(given: dict[str, object], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        PacsAccess(URL, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", ["much", "0", "-1"])
def test_a_cache_size_that_is_none_is_refused(set_up: pytest.MonkeyPatch, size: str) -> None:
    set_up.setenv("MAMMOLENS_DICOMWEB_CACHE_GB", size)
    with pytest.raises(ConfigError, match="MAMMOLENS_DICOMWEB_CACHE_GB: cannot be used"):
        own_settings()


def test_the_cache_holds_twenty_gigabytes_unless_told_otherwise(set_up: pytest.MonkeyPatch) -> None:
    assert own_settings().cache_bytes == 20_000_000_000
    set_up.setenv("MAMMOLENS_DICOMWEB_CACHE_GB", "0.5")
    assert own_settings().cache_bytes == 500_000_000


def test_addresses_have_the_prefix_of_their_service() -> None:
    access = PacsAccess(URL, wado_prefix="wado")
    assert access.address(access.wado_prefix, "studies", "1.2") == f"{URL}/wado/studies/1.2"
    assert access.address(access.stow_prefix, "studies") == f"{URL}/studies"


@pytest.mark.parametrize("who", ["ada:secret@", "ada@"])
def test_an_address_with_a_password_is_refused_without_showing_it(who: str) -> None:
    with pytest.raises(ConfigError, match="contains a user name or password; give them as MONAI_LABEL_") as told:
        PacsAccess(f"http://{who}pacs.example/dicom-web")
    assert "secret" not in str(told.value)
