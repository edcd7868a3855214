import pytest
from fastapi import HTTPException

from mammolens.labelapp.routes.guesses import LoginGuesses


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def a_clock() -> Clock:
    return Clock()


@pytest.fixture
def guesses(a_clock: Clock) -> LoginGuesses:
    return LoginGuesses(a_clock)


def _wait_s(guesses: LoginGuesses, user: str, address: str) -> int:
    """Seconds that the refusal names; 0: not refused."""
    try:
        guesses.check(user, address)
    except HTTPException as error:
        return int((error.headers or {})["Retry-After"])
    return 0


def test_a_user_is_locked_after_ten_wrong_passwords_from_wherever(guesses: LoginGuesses, a_clock: Clock) -> None:
    for number in range(10):
        assert _wait_s(guesses, "ada", "10.0.0.1") == 0
        guesses.failed(" ADA " if number % 2 else "ada", f"10.0.0.{number}")
        a_clock.now += 1
    assert _wait_s(guesses, "ada", "10.9.9.9") == 890
    assert _wait_s(guesses, "eve", "10.9.9.9") == 0
    a_clock.now = 900.5
    assert _wait_s(guesses, "ada", "10.9.9.9") == 0


def test_an_address_that_tries_many_names_is_locked(guesses: LoginGuesses) -> None:
    for number in range(30):
        assert _wait_s(guesses, "ada", "10.0.0.1") == 0
        guesses.failed(f"user{number}", "10.0.0.1")
    assert _wait_s(guesses, "ada", "10.0.0.1") == 900
    assert _wait_s(guesses, "ada", "10.0.0.2") == 0


def test_a_login_clears_the_users_failures(guesses: LoginGuesses) -> None:
    for _ in range(9):
        guesses.failed("ada", "10.0.0.1")
    guesses.succeeded("Ada")
    guesses.failed("ada", "10.0.0.1")
    assert _wait_s(guesses, "ada", "10.0.0.1") == 0


def test_made_up_names_fill_no_memory(guesses: LoginGuesses) -> None:
    for number in range(20_000):
        guesses.failed(f"user{number}", f"address{number}")
    assert len(guesses._failed) == 10_000
