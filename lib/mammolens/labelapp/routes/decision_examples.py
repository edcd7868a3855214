"""What the decision routes answer, as the API's documentation shows it."""

from __future__ import annotations

from typing import Any

_HASH = "4b1f8a4de0c2b7f36a5b0d9e8c7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f"
_ENTRY: dict[str, Any] = {
    "sequence": 12,
    "decision_id": "0c0f3c58-2f0b-4b0e-9d35-8f5f0a4f4c11",
    "exam_id": "e-0123456789abcdef",
    "images": ["1.2.840.1.1", "1.2.840.1.2"],
    "verdict": "finding",
    "undoes": None,
    "reviewer": "anna",
    "time": "2026-01-31T12:00:00.000000Z",
    "comment": "upper outer",
    "regions": [
        {
            "image": "1.2.840.1.1",
            "points": [[10.0, 20.0], [30.0, 40.0], [10.0, 40.0]],
            "finding_type": "mass",
            "birads": "4A",
        }
    ],
    "model": "restorer-1a2b3c4d5e6f",
    "calibration": "9c8b7a6d5e4f",
    "exam_p_value": 0.03,
    "exam_score": 2.4,
    "viewer": "OHIF",
    "origin": "viewer",
    "salt": _HASH[:32],
    "content": None,
    "previous_hash": _HASH[::-1],
    "hash": _HASH,
}
DECISIONS = {"decisions": [_ENTRY], "head": f"12:{_HASH}", "policy": "latest"}
IMPORTED = {"added": 3, "known": 9}
AUDIT = {"intact": True, "entries": 12, "erased": 0, "head": f"12:{_HASH}", "problem": None}
DECISION_BODY = {
    "id": "0c0f3c58-2f0b-4b0e-9d35-8f5f0a4f4c11",
    "verdict": "finding",
    "comment": "upper outer",
    "viewer": "OHIF",
    "regions": [{"image": "IMAGE", "points": [[10, 20], [30, 40], [10, 40]], "finding_type": "mass", "birads": "4A"}],
}


def answers_with(example: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """The documentation of a route that answers like this, and of its ledger that does not."""
    trouble = {"detail": "site/decisions.sqlite: cannot be opened; correct the permissions of the file and its folder"}
    return {
        200: {"content": {"application/json": {"example": example}}},
        503: {
            "description": "The ledger does not answer",
            "content": {"application/json": {"example": trouble}},
        },
    }
