"""What is sent along with a request."""

from __future__ import annotations

import json
import urllib.parse
import uuid
from dataclasses import dataclass
from pathlib import Path
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

    @classmethod
    def of_file(cls, name: str, file: Path, **fields: str) -> Body:
        """Form fields and a file (RFC 7578)."""
        boundary = uuid.uuid4().hex
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
            for key, value in fields.items()
        ]
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="label{_suffix(file)}"\r\n'
        parts += [head.encode(), b"Content-Type: application/octet-stream\r\n\r\n", file.read_bytes(), b"\r\n"]
        return cls(b"".join([*parts, f"--{boundary}--\r\n".encode()]), f"multipart/form-data; boundary={boundary}")


def _suffix(file: Path) -> str:
    return ".nii.gz" if file.name.endswith(".nii.gz") else file.suffix
