"""Models as values."""

from typing import Any

import pytest
from MammoLensLib.model import Check, Models

VERDICT = {
    "passed": True,
    "reason": "not worse",
    "against": "old-id",
    "checks": [{"name": "realised_rate", "passed": True, "candidate": 0.1, "serving": 0.2, "interval": [0.0, 0.3]}],
}


def models(**changes: Any) -> Models:
    """One that serves and a new one."""
    new = {"model": "new", "state": "waits", "patients": 126, "verdict": VERDICT, "can_serve": True, **changes}
    old = {"model": "old", "model_id": "old-id", "state": "serving"}
    return Models.of_json({"serving": "old", "models": [new, old], "history": [{"event": "waits", "version": "new"}]})


def test_models_are_read_in_full() -> None:
    told = models()
    assert told.waiting is told.models[0]
    assert (told.models[0].patients, told.models[0].can_serve) == (126, True)
    assert told.models[0].verdict.checks == (Check("realised_rate", True, None, 0.1, 0.2, (0.0, 0.3)),)
    assert told.history[0].event == "waits"
    assert told.named("old").state == "serving"
    assert told.named("unknown") is None


@pytest.mark.parametrize(
    ("verdict", "needs"),
    [
        (VERDICT, False),
        ({**VERDICT, "against": "old"}, False),
        ({**VERDICT, "against": "another"}, True),
        ({**VERDICT, "passed": False}, True),
        (None, True),
    ],
)
def test_only_what_passed_against_the_serving_model_needs_no_reason(verdict: Any, needs: bool) -> None:
    told = models(verdict=verdict)
    assert told.needs_reason(told.models[0]) is needs


def test_what_cannot_be_read_is_not_known() -> None:
    told = models(patients="many", verdict=[], can_serve="yes", added_at=3)
    assert told.models[0].patients is told.models[0].verdict is told.models[0].added_at is None
    assert not told.models[0].can_serve
