import time
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import HTTPException
from monailabel.config import settings
from monailabel.endpoints.user import auth

from mammolens.labelapp.routes.authentication import current_user

REALM = "http://realm.example/realms/hospital"
Sign = Callable[..., str]


@pytest.fixture(scope="module")
def a_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def sign(a_key: rsa.RSAPrivateKey, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sign]:
    """Signs tokens of the realm, whose public key is known already."""
    public = a_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    monkeypatch.setattr(settings, "MONAI_LABEL_AUTH_REALM_URI", REALM)
    cache: dict[Any, Any] = auth.get_public_key.cache
    cache[auth.get_public_key.cache_key(REALM)] = public

    def make(key: Any = a_key, algorithm: str = "RS256", **claims: Any) -> str:
        content = {"preferred_username": "ada", "exp": time.time() + 3600, "realm_access": {"roles": ["r"]}, **claims}
        return jwt.encode({name: value for name, value in content.items() if value is not None}, key, algorithm)

    yield make
    cache.clear()


def test_a_token_of_the_realm_names_its_user_and_roles(sign: Sign) -> None:
    user = current_user(sign())
    assert user.username == "ada"
    assert user.roles == ["r"]


def test_tokens_of_others_expired_ones_and_unsigned_ones_are_turned_away(sign: Sign) -> None:
    stranger = rsa.generate_private_key(65537, 2048)
    unsigned = sign(key=None, algorithm="none")
    for token in (sign(key=stranger), sign(exp=time.time() - 60), sign(exp=None), unsigned, "nonsense", ""):
        with pytest.raises(HTTPException) as refusal:
            current_user(token)
        assert refusal.value.status_code == 401


def test_a_token_signed_with_a_shared_secret_is_turned_away(sign: Sign) -> None:
    with pytest.raises(HTTPException) as refusal:
        current_user(sign(key="x" * 64, algorithm="HS256"))
    assert refusal.value.status_code == 401


@pytest.mark.parametrize("access", [None, {}, {"roles": None}, "admin"])
def test_a_user_without_roles_has_none(sign: Sign, access: object) -> None:
    assert current_user(sign(realm_access=access)).roles == []


def test_a_realm_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "MONAI_LABEL_AUTH_REALM_URI", "http://127.0.0.1:9/realms/x")
    with pytest.raises(HTTPException) as refusal:
        current_user("token")
    assert refusal.value.status_code == 503
    assert "MONAI_LABEL_AUTH_REALM_URI" in refusal.value.detail
