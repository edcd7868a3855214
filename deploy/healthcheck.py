"""Whether the app answers at /info/, in the container; with authentication on, being refused is an answer, too."""

import sys
import urllib.error
import urllib.request


def is_alive(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=15):
            return True
    except urllib.error.HTTPError as error:
        return error.code == 401
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(0 if is_alive(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000/info/") else 1)
