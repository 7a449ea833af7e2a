"""Ask the service on this machine whether it is ready: ``python -m api.probe``, exit code 0 or 1.

For the health checks of containers: an image has Python, but no curl.
"""

import sys
import urllib.error
import urllib.request

from inspection.settings import ServeSettings

TIMEOUT_S = 4.0


def main() -> int:
    """Ask once; give the exit code."""
    address = f"http://127.0.0.1:{ServeSettings().port}/readyz"
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT_S) as answer:
            return 0 if answer.status == 200 else 1
    except urllib.error.HTTPError as error:
        with error:
            print(error.read().decode(errors="replace"), file=sys.stderr)
    except OSError as error:
        print(f"no answer at {address}: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
