"""Who is asking: the token of an OpenID Connect realm, checked.

MONAI Label's own check names no signature algorithm, which PyJWT refuses since version 2, so that it turns
everybody away; this one replaces it where authentication is enabled.
"""

from __future__ import annotations

import jwt
from fastapi import HTTPException
from fastapi.concurrency import run_in_threadpool
from jwt import InvalidTokenError
from monailabel.config import settings
from monailabel.endpoints.user.auth import User, get_public_key
from requests import RequestException

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]  # Keycloak's with RSA keys; never HS256


async def authenticate(token: str) -> User:
    """The same as :func:`current_user`, which may have to wait for the realm's key."""
    return await run_in_threadpool(current_user, token)


def current_user(token: str) -> User:
    """The user whom a bearer token names.

    Raises:
        HTTPException: 401 for a token that is not the realm's, 503 while the realm does not answer.
    """
    try:
        key = get_public_key(settings.MONAI_LABEL_AUTH_REALM_URI)
        payload = jwt.decode(token, key, algorithms=_ALGORITHMS, options={"verify_aud": False, "require": ["exp"]})
    except InvalidTokenError as error:
        headers = {"WWW-Authenticate": "Bearer"}
        raise HTTPException(401, "the token is not valid; log in again", headers=headers) from error
    except (RequestException, KeyError, ValueError) as error:
        realm = settings.MONAI_LABEL_AUTH_REALM_URI
        raise HTTPException(503, f"{realm}: gives no key; check MONAI_LABEL_AUTH_REALM_URI") from error
    return User(
        username=str(payload.get(settings.MONAI_LABEL_AUTH_TOKEN_USERNAME) or "unknown"),
        email=payload.get(settings.MONAI_LABEL_AUTH_TOKEN_EMAIL),
        name=payload.get(settings.MONAI_LABEL_AUTH_TOKEN_NAME),
        roles=_roles(payload),
    )


def _roles(payload: object) -> list[str]:
    for key in settings.MONAI_LABEL_AUTH_TOKEN_ROLES.split("#"):
        payload = payload.get(key) if isinstance(payload, dict) else None
    return [str(role) for role in payload] if isinstance(payload, list) else []
