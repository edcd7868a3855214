"""Logins with a browser at a real, small OpenID Connect provider, and what a hostile one or a thief would send."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest.mock import Mock
from urllib.parse import parse_qs, urljoin, urlsplit

import jwt
import monailabel.app
import pytest
import requests
from monailabel.config import settings
from oidc_provider_mock import User, run_server_in_thread
from starlette.testclient import TestClient

from mammolens.errors import ConfigError
from mammolens.labelapp.app import MammoLensApp
from mammolens.labelapp.openid_provider import OpenIdProvider, signing_keys
from mammolens.labelapp.routes.authentication import RealmTokens, TokenRules
from mammolens.labelapp.routes.browser_session import CSRF_COOKIE, CSRF_HEADER, STATE_COOKIE
from mammolens.labelapp.routes.http import harden
from mammolens.labelapp.routes.openid_logins import OpenIdLogins, own_path

CLIENT = "mammolens-browser"
ROLES = {"realm_access": {"roles": ["monailabel-user", "monailabel-annotator"]}}
VARIABLES = {"MAMMOLENS_AUTH_BROWSER_CLIENT": CLIENT, "MAMMOLENS_AUTH_AUDIENCE": CLIENT}
SECRET = "of the client"  # pragma: allowlist secret


@pytest.fixture(scope="module")
def a_provider() -> Iterator[str]:
    ada = User(sub="ada", claims={"preferred_username": "ada", **ROLES})
    eve = User(sub="eve", claims={"preferred_username": "<b>eve</b>", "realm_access": {"roles": ["cleaner"]}})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")  # plain HTTP, on this computer
        with run_server_in_thread(user_claims=(ada, eve)) as server:
            yield f"http://127.0.0.1:{server.server_port}"


@dataclass
class Site:
    """A browser, and the provider that the server sends it to."""

    browser: TestClient
    provider: str

    def begin(self, wanted: str = "/") -> str:
        """The address of the provider that a login begins with."""
        answer = self.browser.get("/auth/openid", params={"next": wanted})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def allow(self, address: str, person: str = "ada") -> dict[str, str]:
        """What the provider sends the browser back with, after a person has logged in there."""
        answer = requests.post(address, data={"sub": person}, timeout=30, allow_redirects=False)
        assert answer.headers["location"].startswith("http://127.0.0.1:8000/auth/openid/callback?")
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}

    def come_back(self, **query: str) -> Any:
        return self.browser.get("/auth/openid/callback", params=query)


@pytest.fixture
def a_site(an_app: MammoLensApp, a_client: TestClient, a_provider: str, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr(settings, "MONAI_LABEL_AUTH_ENABLE", True)
    monkeypatch.setattr(settings, "MONAI_LABEL_AUTH_REALM_URI", a_provider)
    provider = OpenIdProvider.of(settings, {**VARIABLES, "MAMMOLENS_AUTH_BROWSER_SECRET": SECRET})
    assert provider is not None
    rules = TokenRules.of(settings, VARIABLES)
    others = RealmTokens.of(settings)
    others._rules = rules
    an_app.openid = OpenIdLogins(provider, rules, others)
    harden(monailabel.app.app, settings, an_app.openid)
    return Site(a_client, a_provider)


def test_a_person_logs_in_decides_and_logs_out(a_site: Site) -> None:
    page = a_site.browser.get("/mammolens/worklist.csv", headers={"Accept": "text/html"})
    assert page.headers["location"] == "/login?next=/mammolens/worklist.csv"
    assert a_site.browser.get("/auth/").json()["browser_login"] == "127.0.0.1"
    back = a_site.come_back(**a_site.allow(a_site.begin("/ohif/viewer?x=1")))
    assert (back.status_code, back.headers["location"]) == (303, "/ohif/viewer?x=1")
    user = a_site.browser.get("/auth/token/valid").json()
    assert (user["username"], user["roles"]) == ("ada", ROLES["realm_access"]["roles"])
    exam = a_site.browser.get("/mammolens/worklist").json()["exams"][0]["exam"]
    proof = {CSRF_HEADER: a_site.browser.cookies[CSRF_COOKIE]}
    decision = {"verdict": "finding"}
    assert a_site.browser.post(f"/mammolens/exams/{exam}/decisions", json=decision).status_code == 403
    answer = a_site.browser.post(f"/mammolens/exams/{exam}/decisions", json=decision, headers=proof)
    assert answer.json()["reviewer"] == "ada", answer.text
    assert a_site.browser.post("/mammolens/jobs", json={"kind": "train"}, headers=proof).status_code == 403
    ended = a_site.browser.delete("/auth/session", headers=proof)
    assert ended.headers["x-logout-page"].startswith(f"{a_site.provider}/oauth2/end_session?id_token_hint=")
    assert a_site.browser.get("/mammolens/worklist").status_code == 401


def test_the_login_uses_pkce_state_and_nonce(a_site: Site) -> None:
    query = parse_qs(urlsplit(a_site.begin()).query)
    assert query["response_type"] == ["code"]
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["code_challenge"][0]) == 43
    assert min(len(query[name][0]) for name in ("state", "nonce")) == 43
    assert a_site.browser.cookies[STATE_COOKIE] == query["state"][0]


def test_a_program_uses_a_bearer_token_of_the_same_provider(a_site: Site) -> None:
    provider = OpenIdProvider(a_site.provider, a_site.provider, CLIENT, "x", SECRET)
    redirect = "http://127.0.0.1:8000/auth/openid/callback"
    code = a_site.allow(provider.login_address(redirect, "s", "n", "v" * 43))["code"]
    token = provider.id_token_of(code, redirect, "v" * 43)
    headers = {"Authorization": f"Bearer {token}"}
    assert a_site.browser.get("/mammolens/worklist", headers=headers).status_code == 200
    headers["Authorization"] += "x"
    assert a_site.browser.get("/mammolens/worklist", headers=headers).status_code == 401


def test_a_forged_state_logs_nobody_in(a_site: Site) -> None:
    back = a_site.allow(a_site.begin())
    assert a_site.come_back(**{**back, "state": "forged"}).status_code == 401
    assert a_site.come_back(code=back["code"]).status_code == 401
    a_site.browser.cookies.clear()  # the browser of somebody else, who was given the address
    assert a_site.come_back(**back).status_code == 401


def test_a_code_is_good_once(a_site: Site) -> None:
    back = a_site.allow(a_site.begin())
    state = a_site.browser.cookies[STATE_COOKIE]
    assert a_site.come_back(**back).status_code == 303
    a_site.browser.cookies.set(STATE_COOKIE, state, path="/auth/openid")
    again = a_site.come_back(**back)
    assert (again.status_code, "not started here" in again.text) == (401, True)
    a_site.browser.cookies.clear()
    other = a_site.allow(a_site.begin())  # the old code in a new login
    assert a_site.come_back(code=back["code"], state=other["state"]).status_code == 401


def test_a_refusal_of_the_provider_is_told(a_site: Site) -> None:
    state = parse_qs(urlsplit(a_site.begin()).query)["state"][0]
    answer = a_site.come_back(error="access_denied", state=state)
    assert (answer.status_code, "access_denied" in answer.json()["detail"]) == (401, True)


def test_a_person_without_a_role_here_is_told_which_there_are(a_site: Site) -> None:
    answer = a_site.come_back(**a_site.allow(a_site.begin(), "eve"))
    assert answer.status_code == 403
    assert "'<b>eve</b>' none of the roles monailabel-admin, monailabel-annotator, monailabel-user" in answer.text
    assert a_site.browser.get("/mammolens/worklist").status_code == 401


@pytest.mark.parametrize(
    ("reason", "status"),
    [("state", 401), ("denied", 401), ("role", 403), ("away", 503)],
)
def test_a_browser_gets_a_page_that_says_why_a_login_failed(
    a_site: Site, reason: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = a_site.allow(a_site.begin(), "eve")
    wrong = {"state": {"state": "forged"}, "denied": {"error": "<access_denied>"}}
    if reason == "away":
        monkeypatch.setattr(OpenIdProvider, "id_token_of", Mock(side_effect=requests.ConnectionError))
    a_site.browser.headers["Accept"] = "text/html,*/*;q=0.8"
    answer = a_site.come_back(**{**back, **wrong.get(reason, {})})
    assert answer.status_code == status
    words = {
        "state": "did not start the login",
        "denied": "&lt;access_denied&gt;",
        "role": "&lt;b&gt;eve",
        "away": "try again",
    }
    assert words[reason] in answer.text
    assert "Research use only, not a medical device" in answer.text
    links = re.findall('href="([^"]*)"', answer.text)
    assert [urljoin("/auth/openid/callback", link) for link in links] == [
        "/mammolens/browser/pages/pages.css",
        "/login",
    ]
    assert {a_site.browser.get(urljoin("/auth/openid/callback", link)).status_code for link in links} == {200}
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, 303),
        ({"nonce": "another"}, 401),
        ({"nonce": None}, 401),
        ({"aud": "another"}, 401),
        ({"aud": [CLIENT, "another"], "azp": "another"}, 401),
        ({"iss": "http://127.0.0.1:9"}, 401),
        ({"exp": 1_000_000_000}, 401),
        ({"exp": None}, 401),
        ({"algorithm": "none"}, 401),
        ({"algorithm": "HS256"}, 401),
        ({"key": "another"}, 401),
    ],
)
def test_an_id_token_is_checked(
    a_site: Site, changed: dict[str, Any], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    signer = rsa.generate_private_key(65537, 2048) if "key" in changed else key
    public = jwt.PyJWKSet([{**jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "1"}])
    monkeypatch.setattr("mammolens.labelapp.openid_provider.signing_keys", lambda *_: public)
    query = parse_qs(urlsplit(a_site.begin()).query)
    claims = {"iss": a_site.provider, "aud": CLIENT, "sub": "ada", "nonce": query["nonce"][0], **ROLES}
    claims |= {"iat": time.time(), "exp": time.time() + 60}
    claims = {name: value for name, value in {**claims, **changed}.items() if value is not None}
    algorithm = claims.pop("algorithm", "RS256")
    secret: Any = {"none": None, "HS256": "s" * 32}.get(algorithm, signer)
    claims.pop("key", None)
    token = jwt.encode(claims, secret, algorithm, {"kid": "1"})
    monkeypatch.setattr(OpenIdProvider, "id_token_of", lambda *_: token)
    assert a_site.come_back(code="c", state=query["state"][0]).status_code == status


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/a\\b", "javascript:alert(1)", "evil", "/\n/x", ""],
)
def test_a_login_leads_to_pages_of_this_server_only(wanted: str) -> None:
    assert own_path(wanted) == "/"


def test_a_provider_that_is_down_is_told(a_site: Site, an_app: MammoLensApp) -> None:
    dead = "http://127.0.0.1:9"
    provider = OpenIdProvider(dead, dead, CLIENT, "Hospital")
    an_app.openid = OpenIdLogins(provider, TokenRules.of(settings, VARIABLES), RealmTokens.of(settings))
    answer = a_site.browser.get("/auth/openid")
    assert (answer.status_code, answer.json()["detail"].startswith("Hospital: ")) == (503, True)


def test_a_provider_of_another_name_is_not_trusted(a_site: Site, an_app: MammoLensApp) -> None:
    provider = OpenIdProvider(a_site.provider, "https://login.example", CLIENT, "Hospital")
    an_app.openid = OpenIdLogins(provider, TokenRules.of(settings, VARIABLES), RealmTokens.of(settings))
    assert a_site.browser.get("/auth/openid").status_code == 503
    with pytest.raises(ConfigError, match="MAMMOLENS_AUTH_ISSUER"):
        provider.check()


def test_the_check_names_variable_value_and_remedy(a_provider: str) -> None:
    OpenIdProvider(a_provider, a_provider, CLIENT, "x").check()
    with pytest.raises(ConfigError, match="MONAI_LABEL_AUTH_REALM_URI.*127.0.0.1:9.*check the address"):
        OpenIdProvider("http://127.0.0.1:9", "http://127.0.0.1:9", CLIENT, "x").check()


@pytest.mark.parametrize(
    ("enabled", "realm", "variables", "named"),
    [
        (False, "https://login.example", VARIABLES, "MONAI_LABEL_AUTH_ENABLE"),
        (True, "", VARIABLES, "MONAI_LABEL_AUTH_REALM_URI"),
        (True, "http://login.example", VARIABLES, "MONAI_LABEL_AUTH_REALM_URI"),
        (True, "https://login.example", {"MAMMOLENS_AUTH_BROWSER_SECRET": "s"}, "MAMMOLENS_AUTH_BROWSER_SECRET"),
    ],
)
def test_settings_that_cannot_be_used_are_named(
    enabled: bool, realm: str, variables: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "MONAI_LABEL_AUTH_ENABLE", enabled)
    monkeypatch.setattr(settings, "MONAI_LABEL_AUTH_REALM_URI", realm)
    with pytest.raises(ConfigError, match=named):
        OpenIdProvider.of(settings, variables)


def test_without_a_client_no_browser_logs_in_there(a_guarded_client: TestClient) -> None:
    assert OpenIdProvider.of(settings, {}) is None
    assert a_guarded_client.get("/auth/openid").status_code == 404
    assert a_guarded_client.get("/auth/openid/callback").status_code == 404


def test_the_keys_of_a_provider_are_its_key_set(a_provider: str) -> None:
    assert isinstance(signing_keys(a_provider, 30), jwt.PyJWKSet)
