"""HTTP to this computer goes past a proxy that the environment names: what is sent there stays here."""

from __future__ import annotations

import urllib.request
from ipaddress import ip_address
from urllib.parse import urlsplit


def is_loopback(url: str) -> bool:
    """Whether an address names this computer: ``localhost`` (RFC 6761 6.3), 127.0.0.0/8 or ::1."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def opener_for(url: str) -> urllib.request.OpenerDirector:
    """Opens the address with urllib; past any proxy on this computer."""
    handlers = [urllib.request.ProxyHandler({})] if is_loopback(url) else []
    return urllib.request.build_opener(*handlers)


def proxies_for(url: str) -> dict[str, str]:
    """What requests is to be given as ``proxies``: the environment's, on this computer none.

    Its ``trust_env`` would also ignore the environment's certificates (REQUESTS_CA_BUNDLE).
    """
    return {"no_proxy": urlsplit(url).hostname or ""} if is_loopback(url) else {}
