"""Write the description of the API as the code has it: ``make openapi``."""

import json
import sys
import tempfile
from pathlib import Path

from api.app import build_services, create_app
from inspection.settings import QueueSettings, ServeSettings, StoreSettings


def described() -> str:
    """Give the OpenAPI document, the same for equal code."""
    with tempfile.TemporaryDirectory() as home:
        services = build_services(
            ServeSettings(),
            StoreSettings(home=Path(home), database_url=None, blobs_url=None),
            QueueSettings(),
        )
        document = create_app(services).openapi()
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(described())
