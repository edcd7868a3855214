"""`/auth`: a token for name and password, as MONAI Label's clients ask for it; realm or accounts check them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import requests
from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.security import OAuth2PasswordRequestForm
from monailabel.config import settings
from monailabel.endpoints.user.auth import Token, User, get_current_user

from mammolens.labelapp.parameters import LoginParameters
from mammolens.labelapp.routes.access_audit import LOGIN_NAME
from mammolens.labelapp.routes.browser_session import SESSION_COOKIE, begin_session, end_session
from mammolens.labelapp.routes.dependencies import ERRORS, AccountsDep, LoginGuessesDep, LoginQueueDep
from mammolens.labelapp.routes.guesses import LoginGuesses
from mammolens.labelapp.routes.work_queue import WorkQueue

router = APIRouter(prefix="/auth", tags=["Auth"], responses=ERRORS)
_REFUSED: Final = {"invalid_grant"}  # RFC 6749 5.2: wrong name or password


@router.get("/", summary="Check If Auth is Enabled")
async def whether_enabled(accounts: AccountsDep) -> dict[str, Any]:
    """Realm and client with which a client logs in; empty where this server has accounts of its own."""
    return {
        "enabled": settings.MONAI_LABEL_AUTH_ENABLE,
        "client_id": "" if accounts else settings.MONAI_LABEL_AUTH_CLIENT_ID,
        "realm": "" if accounts else settings.MONAI_LABEL_AUTH_REALM_URI,
    }


@router.post("/token", summary="Fetch new access code/token")
async def token(
    request: Request,
    form: Annotated[OAuth2PasswordRequestForm, Depends()],
    guesses: LoginGuessesDep,
    queue: LoginQueueDep,
    accounts: AccountsDep,
) -> Token:
    """401 for a wrong name or password, 429 after too many of them, 503 while the realm does not answer."""
    log_in = accounts.log_in if accounts else _token_of_realm
    return await _logged_in(request, form.username, form.password, log_in, guesses, queue)


@router.post("/session", summary="Log in with a browser")
async def begin(
    request: Request,
    response: Response,
    wanted: LoginParameters,
    guesses: LoginGuessesDep,
    queue: LoginQueueDep,
    accounts: AccountsDep,
) -> User:
    """Sets the cookies of a session; where a realm has the accounts, its own page is for browsers."""
    if accounts is None:
        raise HTTPException(404, "this server has no accounts of its own; log in by the realm")
    found = await _logged_in(request, wanted.username, wanted.password, accounts.log_in, guesses, queue)
    begin_session(request, response, found.access_token)
    return await accounts(found.access_token)


@router.delete("/session", summary="Log out with a browser")
async def end(
    request: Request, response: Response, user: Annotated[User, Depends(get_current_user)], accounts: AccountsDep
) -> User:
    """Ends the session of the browser's cookie."""
    if accounts is not None and (token := request.cookies.get(SESSION_COOKIE)):
        accounts.log_out(token)
    end_session(response)
    return user


@router.get("/token/valid", summary="Check If current token is Valid")
async def whose_token(user: Annotated[User, Depends(get_current_user)]) -> User:
    """The user whom the token names."""
    return user


async def _logged_in(
    request: Request,
    username: str,
    password: str,
    log_in: Callable[[str, str], Token | None],
    guesses: LoginGuesses,
    queue: WorkQueue,
) -> Token:
    address = request.client.host if request.client else ""
    guesses.check(username, address)
    request.scope[LOGIN_NAME] = username
    found = await queue.run(lambda: log_in(username, password), request)
    if found is None:
        guesses.failed(username, address)
        raise HTTPException(401, "user name or password is wrong", {"WWW-Authenticate": "Bearer"})
    guesses.succeeded(username)
    return found


def _token_of_realm(username: str, password: str) -> Token | None:
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
