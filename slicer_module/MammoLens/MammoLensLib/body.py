"""What is sent along with a request."""

from __future__ import annotations

import json
import urllib.parse
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Body:
    """What is sent along."""

    content: bytes
    content_type: str

    @classmethod
    def of_json(cls, value: Any) -> Body:
        """JSON."""
        return cls(json.dumps(value).encode(), "application/json")

    @classmethod
    def of_form(cls, **fields: str) -> Body:
        """Form fields."""
        return cls(urllib.parse.urlencode(fields).encode(), "application/x-www-form-urlencoded")
