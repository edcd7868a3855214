"""Cookies of a person who has logged in with a browser, and the proof that a page of ours sends a change."""

from __future__ import annotations

import hashlib
import hmac
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

SESSION_COOKIE: Final = "mammolens_session"
CSRF_COOKIE: Final = "mammolens_csrf"
CSRF_HEADER: Final = "X-CSRF-Token"
LOGIN_PAGE: Final = "/login"
LOGIN_HEADER: Final = "X-Login-Page"
LOGOUT_HEADER: Final = "X-Logout-Page"
STATE_COOKIE: Final = "mammolens_login"
_READING: Final = {"GET", "HEAD", "OPTIONS"}
_LONGEST_S: Final = 12 * 3600
_LONGEST_LOGIN_S: Final = 600
_STATE_PATH: Final = "/auth/openid"


def token_of_cookie(method: str, headers: Headers) -> str | None:
    """The token in a browser's cookie; ``None``: there is no cookie.

    Browsers send cookies with requests that pages of other sites make. Only ours can read the second cookie, and a
    change must repeat it in a header (OWASP's signed double submit).

    Raises:
        HTTPException: 403, the header is missing or wrong.
    """
    cookies = SimpleCookie()
    try:
        cookies.load(headers.get("cookie", ""))
    except CookieError:
        return None
    if SESSION_COOKIE not in cookies:
        return None
    token = cookies[SESSION_COOKIE].value
    given = headers.get(CSRF_HEADER, "").encode()
    if method not in _READING and not hmac.compare_digest(given, csrf_token_of(token).encode()):
        raise HTTPException(403, f"{CSRF_HEADER}: is missing or wrong; reload the page")
    return token


def csrf_token_of(token: str) -> str:
    """The CSRF token that our pages send with changes; it reveals nothing of the bearer token."""
    return hashlib.sha256(b"csrf:" + token.encode()).hexdigest()


def begin_session(request: Request, response: Response, token: str) -> None:
    """Set both cookies; only over TLS are they sent again, where the login came over TLS."""
    for name, value, hidden in ((SESSION_COOKIE, token, True), (CSRF_COOKIE, csrf_token_of(token), False)):
        response.set_cookie(
            name, value, max_age=_LONGEST_S, httponly=hidden, secure=request.url.scheme == "https", samesite="lax"
        )


def end_session(response: Response) -> None:
    """Have the browser forget both cookies."""
    for name in (SESSION_COOKIE, CSRF_COOKIE):
        response.delete_cookie(name)


def remember_state(request: Request, response: Response, state: str) -> None:
    """Bind a login at a provider to this browser: nobody else can finish it, or have it finish another's."""
    response.set_cookie(
        STATE_COOKIE,
        state,
        max_age=_LONGEST_LOGIN_S,
        path=_STATE_PATH,
        httponly=True,
        secure=request.url.scheme == "https",
        samesite="lax",
    )


def forget_state(response: Response) -> None:
    """Have the browser forget that login."""
    response.delete_cookie(STATE_COOKIE, path=_STATE_PATH)


def wants_page(scope: Scope, headers: Headers) -> bool:
    """Whether a person opens a page with a browser; a program asks for something else."""
    return scope["method"] == "GET" and "text/html" in headers.get("accept", "")


def login_address(scope: Scope, headers: Headers) -> str | None:
    """The login page, which leads back, for a person who opens a page without a login; ``None`` for a program."""
    if not wants_page(scope, headers):
        return None
    query = scope.get("query_string", b"").decode("latin-1")
    wanted = scope["path"] + (f"?{query}" if query else "")
    return f"{LOGIN_PAGE}?next={quote(wanted, safe='/')}"
