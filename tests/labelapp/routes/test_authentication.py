import asyncio
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import HTTPException
from monailabel.config import settings
from monailabel.endpoints.user.auth import User

from mammolens.labelapp.routes.authentication import RealmKey, RealmTokens, TokenRules

REALM = "http://realm.example/realms/hospital"
RULES = TokenRules(
    issuer=REALM,
    audiences=frozenset({"monailabel-app", "mammolens-browser"}),
    login_client="mammolens-browser",
    names=("preferred_username", "email", "name"),
    roles=("realm_access", "roles"),
    known_roles=frozenset({"monailabel-user"}),
)
Sign = Callable[..., str]
Ask = Callable[[str], User]


@pytest.fixture(scope="module")
def a_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _public(key: rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.fixture
def sign(a_key: rsa.RSAPrivateKey) -> Sign:
    """Signs tokens as the realm does for MONAI Label's client, unless a claim is given; ``None`` leaves it out."""

    def make(key: Any = a_key, algorithm: str = "RS256", headers: dict[str, str] | None = None, **claims: Any) -> str:
        usual = {
            "iss": REALM,
            "aud": "account",
            "azp": "monailabel-app",
            "typ": "Bearer",
            "preferred_username": "ada",
            "exp": time.time() + 3600,
            "realm_access": {"roles": ["r"]},
        }
        content = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        return jwt.encode(content, key, algorithm, headers)

    return make


@pytest.fixture
def ask(a_key: rsa.RSAPrivateKey) -> Ask:
    """The user of a token of the realm."""
    tokens = RealmTokens(REALM, RULES, RealmKey(lambda: _public(a_key)))
    return lambda token: asyncio.run(tokens(token))


def _status(ask: Ask, token: str) -> int:
    try:
        ask(token)
    except HTTPException as error:
        return error.status_code
    return 200


def test_a_token_of_the_realm_names_its_user_and_roles(sign: Sign, ask: Ask) -> None:
    user = ask(sign())
    assert user.username == "ada"
    assert user.roles == ["r"]


def test_tokens_of_others_expired_ones_and_unsigned_ones_are_turned_away(sign: Sign, ask: Ask) -> None:
    stranger = rsa.generate_private_key(65537, 2048)
    unsigned = sign(key=None, algorithm="none")
    for token in (sign(key=stranger), sign(exp=time.time() - 60), sign(exp=None), unsigned, "nonsense", ""):
        assert _status(ask, token) == 401


def test_a_token_signed_with_a_shared_secret_is_turned_away(sign: Sign, ask: Ask) -> None:
    assert _status(ask, sign(key="x" * 64, algorithm="HS256")) == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "http://realm.example/realms/another"},
        {"iss": None},
        {"azp": "another-app"},
        {"azp": None},
        {"azp": None, "aud": ["account", "another-app"]},
        {"typ": "Refresh"},
        {"typ": "Offline"},
        {"typ": "ID", "aud": "monailabel-app"},
        {"headers": {"typ": "logout+jwt"}},
    ],
    ids=str,
)
def test_tokens_of_another_issuer_client_or_type_are_turned_away(sign: Sign, ask: Ask, claims: dict[str, Any]) -> None:
    assert _status(ask, sign(**claims)) == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"azp": None, "aud": "monailabel-app"},
        {"azp": None, "aud": ["account", "monailabel-app"]},
        {"typ": None},
        {"typ": "ID", "aud": "mammolens-browser", "azp": "mammolens-browser"},
        {"headers": {"typ": "at+jwt"}},
    ],
    ids=str,
)
def test_tokens_that_are_meant_for_this_server_are_taken(sign: Sign, ask: Ask, claims: dict[str, Any]) -> None:
    assert ask(sign(**claims)).username == "ada"


@pytest.mark.parametrize("access", [None, {}, {"roles": None}, "admin"])
def test_a_user_without_roles_has_none(sign: Sign, ask: Ask, access: object) -> None:
    assert ask(sign(realm_access=access)).roles == []


def test_the_settings_say_which_tokens_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "MONAI_LABEL_AUTH_REALM_URI", f"{REALM}/")
    assert TokenRules.of(settings, {}).issuer == REALM
    assert TokenRules.of(settings, {}).audiences == {"monailabel-app"}
    variables = {
        "MAMMOLENS_AUTH_ISSUER": "http://public.example/realms/hospital",
        "MAMMOLENS_AUTH_AUDIENCE": "slicer, archive",
        "MAMMOLENS_AUTH_LOGIN_CLIENT": "mammolens-browser",
    }
    rules = TokenRules.of(settings, variables)
    assert rules.issuer == "http://public.example/realms/hospital"
    assert rules.audiences == {"monailabel-app", "slicer", "archive", "mammolens-browser"}
    assert rules.login_client == "mammolens-browser"


def test_a_realm_that_does_not_answer_is_named_and_not_asked_for_every_token() -> None:
    asked = []

    def fetch() -> str:
        asked.append(1)
        raise requests.ConnectionError

    tokens = RealmTokens(REALM, RULES, RealmKey(fetch, clock=lambda: 0.0))
    for _ in range(3):
        with pytest.raises(HTTPException) as refusal:
            asyncio.run(tokens("token"))
        assert refusal.value.status_code == 503
        assert "MONAI_LABEL_AUTH_REALM_URI" in refusal.value.detail
    assert len(asked) == 1


def test_a_key_that_the_realm_has_changed_is_fetched_again_but_not_for_every_forged_token(
    a_key: rsa.RSAPrivateKey, sign: Sign
) -> None:
    now, published, asked = [0.0], [a_key], []

    def fetch() -> str:
        asked.append(1)
        return _public(published[0])

    tokens = RealmTokens(REALM, RULES, RealmKey(fetch, clock=lambda: now[0]))
    assert asyncio.run(tokens(sign())).username == "ada"
    published[0] = rsa.generate_private_key(65537, 2048)
    for _ in range(3):
        with pytest.raises(HTTPException):
            asyncio.run(tokens(sign(key=published[0])))
    assert len(asked) == 1
    now[0] = 61.0
    assert asyncio.run(tokens(sign(key=published[0]))).username == "ada"
    assert len(asked) == 2
