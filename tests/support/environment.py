"""Print what a process is told of the environment: run by tests with ``python -m``."""

import json
import os

if __name__ == "__main__":
    print(json.dumps(dict(os.environ)))
