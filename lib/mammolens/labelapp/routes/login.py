"""`/auth`: a token for name and password, as MONAI Label's clients ask for it; the realm checks them."""

from __future__ import annotations

from typing import Annotated, Any, Final

import requests
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.security import OAuth2PasswordRequestForm
from monailabel.config import settings
from monailabel.endpoints.user.auth import Token, User, get_current_user

from mammolens.labelapp.routes.dependencies import ERRORS, LoginGuessesDep, LoginQueueDep

router = APIRouter(prefix="/auth", tags=["Auth"], responses=ERRORS)
_REFUSED: Final = {"invalid_grant"}  # RFC 6749 5.2: wrong name or password


@router.get("/", summary="Check If Auth is Enabled")
async def whether_enabled() -> dict[str, Any]:
    """Realm and client with which a client logs in."""
    return {
        "enabled": settings.MONAI_LABEL_AUTH_ENABLE,
        "client_id": settings.MONAI_LABEL_AUTH_CLIENT_ID,
        "realm": settings.MONAI_LABEL_AUTH_REALM_URI,
    }


@router.post("/token", summary="Fetch new access code/token")
async def token(
    request: Request,
    form: Annotated[OAuth2PasswordRequestForm, Depends()],
    guesses: LoginGuessesDep,
    queue: LoginQueueDep,
) -> Token:
    """401 for a wrong name or password, 429 after too many of them, 503 while the realm does not answer."""
    address = request.client.host if request.client else ""
    guesses.check(form.username, address)
    found = await queue.run(lambda: _token_of(form.username, form.password), request)
    if found is None:
        guesses.failed(form.username, address)
        raise HTTPException(401, "user name or password is wrong", {"WWW-Authenticate": "Bearer"})
    guesses.succeeded(form.username)
    return found


@router.get("/token/valid", summary="Check If current token is Valid")
async def whose_token(user: Annotated[User, Depends(get_current_user)]) -> User:
    """The user whom the token names."""
    return user


def _token_of(username: str, password: str) -> Token | None:
    """What the realm gives for name and password (RFC 6749 4.3); ``None`` where it refuses them.

    Raises:
        HTTPException: 503, it gives neither.
    """
    realm, timeout = settings.MONAI_LABEL_AUTH_REALM_URI, settings.MONAI_LABEL_AUTH_TIMEOUT
    try:
        configuration = requests.get(f"{realm}/.well-known/openid-configuration", timeout=timeout)
        configuration.raise_for_status()
        data = {
            "client_id": settings.MONAI_LABEL_AUTH_CLIENT_ID,
            "username": username,
            "password": password,
            "grant_type": "password",
        }
        answer = requests.post(configuration.json()["token_endpoint"], data=data, timeout=timeout)
        content = answer.json()
        if not answer.ok and content.get("error") in _REFUSED:
            return None
        answer.raise_for_status()
        return Token(access_token=content["access_token"], token_type=content["token_type"])
    except (requests.RequestException, AttributeError, KeyError, TypeError, ValueError) as error:
        reason = "gives no token; check MONAI_LABEL_AUTH_REALM_URI and MONAI_LABEL_AUTH_CLIENT_ID, or try again later"
        raise HTTPException(503, f"{realm}: {reason}") from error
