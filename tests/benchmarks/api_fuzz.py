"""Let schemathesis talk to the service for as long as one likes, as every role and as nobody.

Every answer is held to the committed OpenAPI document, and every body that an address takes is sent
with each of its values replaced by what JSON can carry and no program sends.
"""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from api.deps import Services
from api.upload import Limits
from inspection.domain.account import Role
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine
from inspection.store.scope import HOME
from tests.support.fuzzing import ALONE, BASE_URL, PUBLISHER, Tally, fuzz, things
from tests.support.hostile import RAW, spoilt, takers
from tests.support.people import add_person, add_token
from tests.support.seed import Seeded, database_url, seed

NOW = datetime(2026, 5, 2, 9, 30, tzinfo=UTC)
EXAMPLES = 5
SCOPES = {
    "look",
    "originals",
    "capture",
    "describe",
    "decide",
    "plan",
    "approve",
    "operate",
    "administer",
    "self",
}


class StoppedClock:
    """Tell always the same time."""

    def now(self) -> datetime:
        """Give it."""
        return NOW


def service(home: Path) -> tuple[FastAPI, Services, Seeded]:
    """Build the application over a seeded home folder."""
    seeded = seed(home)
    services = Services(
        engine=create_engine(database_url(home)),
        blobs=FolderBlobs(home / "blobs"),
        ring=lambda job_id: None,
        clock=StoppedClock(),
        limits=Limits(file_max_bytes=200_000, files_max=6),
        scratch=home / "incoming",
        publisher=lambda: PUBLISHER,
    )
    return create_app(services), services, seeded


def spoil(app: FastAPI, seeded: Seeded, tally: Tally) -> None:
    """Send every body that an address takes, spoilt in every way."""
    known = things(seeded)
    with closing(TestClient(app, base_url=BASE_URL, raise_server_exceptions=False)) as client:
        for taker in takers():
            path = re.sub(
                r"{(\w+)}", lambda found: known.get(f"path.{found[1]}", ["plan"])[0], taker.path
            )
            for name, raw in RAW.items():
                for content in spoilt(taker.body, raw):
                    answer = client.request(
                        taker.method,
                        path,
                        content=content,
                        headers={"content-type": "application/json"},
                    )
                    tally.requests += 1
                    tally.statuses[answer.status_code] += 1
                    if answer.status_code >= 500:
                        tally.add(f"{name} in {taker.method} {path}", repr(content[:300]))


def say(who: str, tally: Tally, began_s: float) -> int:
    """Print what was found; give the number of faults."""
    print(f"{who} ({time.monotonic() - began_s:.0f} s): {tally.told()}", flush=True)
    return len(tally.faults)


def main(argv: Sequence[str]) -> int:
    """Run it; 1 when anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=EXAMPLES, help="for each operation")
    parser.add_argument("--seed", type=int, default=1, help="equal seeds send equal requests")
    chosen = parser.parse_args(argv)
    found, sent, began_s = 0, 0, time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        app, services, seeded = service(Path(folder) / "home")
        known = things(seeded)
        hostile = Tally()
        spoil(app, seeded, hostile)
        found, sent = say("spoilt bodies", hostile, began_s), hostile.requests
        alone = fuzz(app, known, examples=chosen.examples, seed=chosen.seed, operations=ALONE)
        found += say("one person at this machine", alone, began_s)
        sent += alone.requests
        # from here on somebody has an account, so the gate is shut
        people: dict[str, Mapping[str, str]] = {
            role: {"Authorization": f"Bearer {_token(services, role)}"} for role in Role
        }
        for who, headers in {"nobody": {}, **people}.items():
            tally = fuzz(app, known, examples=chosen.examples, seed=chosen.seed, headers=headers)
            found += say(who, tally, began_s)
            sent += tally.requests
    print(f"{sent} requests, {found} kinds of fault")
    return 1 if found else 0


def _token(services: Services, role: Role) -> str:
    person = add_person(services.engine, role, HOME, NOW)
    return add_token(services.engine, person, SCOPES, NOW)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
