"""The patterns of detect-secrets' detectors as one detector, since it spends more on calling each than on searching.

``.secrets.baseline`` names this file. Words such as ``password``, random text and JSON Web Tokens, which take more than
a pattern, have detectors of their own.
"""

from __future__ import annotations

from detect_secrets import plugins
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.util.importlib import import_types_from_package


def _is_something_else(found: object) -> bool:
    return not (
        isinstance(found, type)
        and issubclass(found, RegexBasedDetector)
        and found is not RegexBasedDetector
        and found.analyze_string is RegexBasedDetector.analyze_string
    )


class KnownTokens(RegexBasedDetector):
    secret_type = "Token, key or address of a known form"  # pragma: allowlist secret
    denylist = tuple(
        pattern for detector in import_types_from_package(plugins, _is_something_else) for pattern in detector.denylist
    )
