"""Whether the app in the container is up, at /healthz, which needs no token."""

import sys
import urllib.request


def is_alive(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=15) as answer:
            return answer.status == 200
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(0 if is_alive(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000/healthz") else 1)
