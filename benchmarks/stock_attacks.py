"""Hostile requests to a MONAI Label server; each tells whether it got what an attacker wants.

All of them go to a server of one's own on the loopback address, whose files are phantoms.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

_STRANGER = "http://evil.example"
_ABOVE = "../../outside-label"


@dataclass(frozen=True)
class Target:
    """A server under attack.

    Attributes:
        client: of it.
        studies: its folder of mammograms.
        outside: a readable mammogram outside of it.
        image: id of an image.
    """

    client: httpx.Client
    studies: Path
    outside: Path
    image: str


def attacks() -> list[tuple[str, Callable[[Target], bool]]]:
    """What is tried, and whether it worked."""
    return [
        ("infer a file of the server by its absolute path", _reads_any_file),
        ("save a label outside of the folder of labels", _writes_label_outside),
        ("upload an image outside of the folder of studies", _writes_image_outside),
        ("replace the model's weights by an upload", _replaces_model),
        ("read answers from another website (CORS)", _is_read_by_websites),
        ("infer from another website's form (CSRF)", _is_posted_to_by_websites),
        ("reach it by another name (DNS rebinding)", _is_reached_by_rebinding),
        ("put its page into a frame (clickjacking)", _can_be_framed),
        ("a page that runs scripts of other sites", _loads_foreign_scripts),
        ("make it parse JSON of 8 MB", _takes_large_json),
        ("500 by metadata that are not JSON", _fails_by_bad_json),
        ("500 by an image that does not exist", _fails_by_unknown_image),
    ]


def _reads_any_file(target: Target) -> bool:
    answer = target.client.post("/infer/mammolens", params={"image": str(target.outside), "output": "json"})
    return answer.status_code == httpx.codes.OK


def _writes_label_outside(target: Target) -> bool:
    before = _files_around(target)
    parameters = {"image": target.image, "tag": _ABOVE}
    target.client.put("/datastore/label", params=parameters, files={"label": ("x.nrrd", b"NRRD0004\n")})
    return any("outside-label" in str(path) for path in _files_around(target) - before)


def _writes_image_outside(target: Target) -> bool:
    before = _files_around(target)
    content = target.outside.read_bytes()
    target.client.put("/datastore/image", params={"image": "../outside-image"}, files={"file": ("x.dcm", content)})
    return any(target.studies not in path.parents for path in _files_around(target) - before)


def _files_around(target: Target) -> set[Path]:
    """Files of the studies and of the folder above."""
    return {path.resolve() for path in target.studies.parent.rglob("*outside-*")}


def _replaces_model(target: Target) -> bool:
    weights = io.BytesIO(pickle.dumps({"weights": "of a stranger"}))
    answer = target.client.put("/model/mammolens", files={"file": ("model.pt", weights)})
    return answer.status_code == httpx.codes.OK


def _is_read_by_websites(target: Target) -> bool:
    answer = target.client.get("/info/", headers={"Origin": _STRANGER})
    return answer.headers.get("access-control-allow-origin") in ("*", _STRANGER)


def _is_posted_to_by_websites(target: Target) -> bool:
    headers = {"Origin": _STRANGER, "Sec-Fetch-Site": "cross-site"}
    answer = target.client.post(
        "/infer/mammolens", params={"image": target.image, "output": "json"}, headers=headers, data={"params": "{}"}
    )
    return answer.status_code == httpx.codes.OK


def _is_reached_by_rebinding(target: Target) -> bool:
    return target.client.get("/info/", headers={"Host": "evil.example"}).status_code == httpx.codes.OK


def _can_be_framed(target: Target) -> bool:
    headers = target.client.get("/").headers
    return "frame-ancestors" not in headers.get("content-security-policy", "") and "x-frame-options" not in headers


def _loads_foreign_scripts(target: Target) -> bool:
    pages = [target.client.get(path) for path in ("/", "/logs/", "/docs")]
    return any('src="https://' in page.text and "script" in page.text for page in pages)


def _takes_large_json(target: Target) -> bool:
    body: dict[str, Any] = {"x": "0" * 2**23}
    return target.client.post("/activelearning/random", json=body).status_code != 413


def _fails_by_bad_json(target: Target) -> bool:
    answer = target.client.put("/datastore/image/info", params={"image": target.image}, data={"info": "[1"})
    return answer.status_code == 500


def _fails_by_unknown_image(target: Target) -> bool:
    return target.client.get("/datastore/image", params={"image": "nobody"}).status_code == 500
