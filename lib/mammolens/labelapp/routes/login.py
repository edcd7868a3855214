"""`/auth`: a token for name and password, as MONAI Label's clients ask for it; realm or accounts check them."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Annotated, Any, Final

import requests
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.security import OAuth2PasswordRequestForm
from monailabel.config import settings
from monailabel.endpoints.user.auth import Token, User, get_current_user

from mammolens.labelapp.openid_provider import discovered
from mammolens.labelapp.parameters import LoginParameters
from mammolens.labelapp.routes.access_audit import LOGIN_NAME
from mammolens.labelapp.routes.browser_session import (
    LOGIN_PAGE,
    LOGOUT_HEADER,
    SESSION_COOKIE,
    STATE_COOKIE,
    begin_session,
    end_session,
    forget_state,
    remember_state,
)
from mammolens.labelapp.routes.dependencies import AccountsDep, LoginGuessesDep, LoginQueueDep, OpenIdDep
from mammolens.labelapp.routes.guesses import LoginGuesses
from mammolens.labelapp.routes.openid_logins import refused
from mammolens.labelapp.routes.work_queue import WorkQueue

router = APIRouter(prefix="/auth", tags=["Auth"])
_NO_PROVIDER: Final = "browsers log in at no provider here; see MAMMOLENS_AUTH_BROWSER_CLIENT"
_REFUSED: Final = {"invalid_grant"}  # RFC 6749 5.2: wrong name or password


@router.get("/", summary="Check If Auth is Enabled")
async def whether_enabled(accounts: AccountsDep, openid: OpenIdDep) -> dict[str, Any]:
    """Realm and client with which a client logs in; empty where this server has accounts of its own.

    ``accounts`` says whether it has, ``browser_login`` names the provider where browsers log in.
    """
    return {
        "enabled": settings.MONAI_LABEL_AUTH_ENABLE,
        "client_id": "" if accounts else settings.MONAI_LABEL_AUTH_CLIENT_ID,
        "realm": "" if accounts else settings.MONAI_LABEL_AUTH_REALM_URI,
        "accounts": accounts is not None,
        "browser_login": openid.name if openid else "",
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


@router.get("/openid", summary="Log in at the provider", status_code=303, response_class=RedirectResponse)
async def begin_openid(request: Request, openid: OpenIdDep, queue: LoginQueueDep, next: str = "/") -> RedirectResponse:  # noqa: A002
    """Sends a browser to the provider; 404 where there is none, 503 while it does not answer."""
    if openid is None:
        raise HTTPException(404, _NO_PROVIDER)
    redirect = str(request.base_url.replace(path=request.url.path + "/callback"))
    address, state = await queue.run(lambda: openid.begin(redirect, next), request)
    response = RedirectResponse(address, 303)
    remember_state(request, response, state)
    return response


@router.get("/openid/callback", summary="Come back logged in", status_code=303, response_class=RedirectResponse)
async def finish_openid(
    request: Request,
    openid: OpenIdDep,
    queue: LoginQueueDep,
    code: Annotated[str, Query(max_length=4096)] = "",
    state: Annotated[str, Query(max_length=256)] = "",
    error: Annotated[str, Query(max_length=256)] = "",
) -> RedirectResponse:
    """Sets the cookies of a session; 401 for a login that this browser did not begin, or that is not valid."""
    if openid is None:
        raise HTTPException(404, _NO_PROVIDER)
    begun = request.cookies.get(STATE_COOKIE, "")
    if not begun or not hmac.compare_digest(begun.encode(), state.encode()):
        raise refused("this browser did not start the login, or started another one")
    if error:
        raise refused(f"{openid.name} answers {error!a}")
    arrival = await queue.run(lambda: openid.finish(state, code), request)
    request.scope[LOGIN_NAME] = arrival.user.username or ""
    response = RedirectResponse(arrival.wanted, 303)
    begin_session(request, response, arrival.token)
    forget_state(response)
    return response


@router.delete("/session", summary="Log out with a browser")
async def end(
    request: Request,
    response: Response,
    user: Annotated[User, Depends(get_current_user)],
    accounts: AccountsDep,
    openid: OpenIdDep,
    queue: LoginQueueDep,
) -> User:
    """Ends the session of the browser's cookie; the header X-Logout-Page is where that of the provider ends."""
    token = request.cookies.get(SESSION_COOKIE, "")
    if accounts is not None:
        accounts.log_out(token)
    if openid is not None:
        back = str(request.base_url.replace(path=LOGIN_PAGE))
        if place := await queue.run(lambda: openid.log_out(token, back), request):
            response.headers[LOGOUT_HEADER] = place
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
        configuration = discovered(realm, timeout)
        data = {
            "client_id": settings.MONAI_LABEL_AUTH_CLIENT_ID,
            "username": username,
            "password": password,
            "grant_type": "password",
        }
        answer = requests.post(configuration["token_endpoint"], data=data, timeout=timeout)
        content = answer.json()
        if not answer.ok and content.get("error") in _REFUSED:
            return None
        answer.raise_for_status()
        return Token(access_token=content["access_token"], token_type=content["token_type"])
    except (requests.RequestException, AttributeError, KeyError, TypeError, ValueError) as error:
        reason = "gives no token; check MONAI_LABEL_AUTH_REALM_URI and MONAI_LABEL_AUTH_CLIENT_ID, or try again later"
        raise HTTPException(503, f"{realm}: {reason}") from error
