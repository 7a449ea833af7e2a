"""Time the dashboard of a city: ``python -m tests.benchmarks.dashboard_speed [DAMAGES]``.

2000 invented assets of two cities, one survey each, DAMAGES damages in all (100 000 unless said),
every twentieth of them decided. SQLite, one process, best of three requests.
"""

import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import shapely
from fastapi.testclient import TestClient
from sqlalchemy import Connection, insert

from api.app import create_app
from api.deps import Services
from api.upload import Limits
from inspection.domain.account import Role
from inspection.pipeline.tools import SystemClock
from inspection.store import organisations, schema, sheets
from inspection.store import tables as t
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, writing
from tests.support.people import add_cities, add_person
from tests.support.prefecture import invent_bridges

ASSETS = 2000
DECIDED_EACH = 20
CHUNK = 5000
SHAPE = shapely.to_wkb(shapely.box(0, 0, 1, 1))
START = datetime.now(UTC) - timedelta(days=400)
PATHS = (
    "/api/dashboard",
    "/api/dashboard/series?step=month",
    "/api/dashboard/series?step=day&periods=60",
    "/api/dashboard/waiting",
)


def main(damages: int) -> None:
    """Fill a database, ask for the dashboard, print the seconds."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        url = f"sqlite:///{home / 'tenken.sqlite'}"
        schema.upgrade(url)
        engine = create_engine(url)
        add_cities(engine)
        bridges = invent_bridges(ASSETS)
        names = [bridge.asset.asset_id for bridge in bridges]
        with writing(engine) as connection:
            sheets.save(connection, bridges)
            for city, own in (("city-a", names[::2]), ("city-b", names[1::2])):
                organisations.give(connection, city, own)
            fill(connection, names, damages)
        person = add_person(engine, Role.PLANNER, "home", datetime.now(UTC))
        services = Services(
            engine=engine,
            blobs=FolderBlobs(home / "blobs"),
            ring=lambda _job: None,
            clock=SystemClock(),
            limits=Limits(file_max_bytes=1, files_max=1),
            scratch=home,
        )
        client = TestClient(create_app(services), base_url="http://127.0.0.1:8000")
        for path in PATHS:
            wall_s, cpu_s = min(timed(client, path, person.headers) for _ in range(3))
            print(
                f"{path}: {wall_s:.2f} s ({cpu_s:.2f} s of one core) with {damages} damages of "
                f"{ASSETS} assets"
            )
        engine.dispose()


def timed(client: TestClient, path: str, headers: dict[str, str]) -> tuple[float, float]:
    """Give the seconds of one request, and how many of them a core worked."""
    began, worked = time.perf_counter(), time.process_time()
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return time.perf_counter() - began, time.process_time() - worked


def fill(connection: Connection, names: list[str], damages: int) -> None:
    """Insert surveys with mosaics, and damages spread over them."""
    surveys = [
        {
            "survey_id": uuid.uuid5(uuid.NAMESPACE_OID, name),
            "asset_id": name,
            "surface": "nadir",
            "created_at": START + timedelta(days=n % 300),
            "state": "processed",
        }
        for n, name in enumerate(names)
    ]
    connection.execute(insert(t.surveys), surveys)
    mosaics = [
        {
            "survey_id": one["survey_id"],
            "sha256": "0" * 64,
            "blob_key": "k",
            "sources_key": "s",
            "source_photos": [],
            "surface_from_px": [],
            "width_px": 1,
            "height_px": 1,
            "crs": "LOCAL",
            "gsd_uncertainty_ratio": 0.01,
            "georeferenced": False,
            "facts": {},
        }
        for one in surveys
    ]
    connection.execute(insert(t.orthomosaics), mosaics)
    for start in range(0, damages, CHUNK):
        batch = [damage(n, surveys[n % len(surveys)]) for n in range(start, start + CHUNK)]
        for table, rows in zip(
            (t.observations, t.defects, t.defect_observations),
            zip(*batch, strict=True),
            strict=True,
        ):
            connection.execute(insert(table), list(rows))
    decisions = list(verdicts(damages))
    connection.execute(insert(t.reviews), decisions)


def damage(n: int, survey: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Make the rows of one damage."""
    seen, defect = (uuid.uuid5(uuid.NAMESPACE_OID, f"{kind} {n}") for kind in ("seen", "defect"))
    observation = {
        "observation_id": seen,
        "survey_id": survey["survey_id"],
        "mosaic_sha256": "0" * 64,
        "damage_class": "crack",
        "confidence": 0.5,
        "outline_surface": SHAPE,
        "anchor_x_m": 0.0,
        "anchor_y_m": 0.0,
        "surface_crs": "LOCAL",
        "surface_x0_m": 0.0,
        "surface_y0_m": 0.0,
        "surface_x1_m": 1.0,
        "surface_y1_m": 1.0,
        "box_px": [0, 0, 1, 1],
        "photo_sha256s": [],
        "measurement": {},
        "model_id": "m",
    }
    row = {
        "defect_id": defect,
        "asset_id": survey["asset_id"],
        "damage_class": "crack",
        "latest_observation_id": seen,
        "state": "confirmed" if n % DECIDED_EACH == 0 else "candidate",
        "version": 1,
        "updated_at": survey["created_at"],
    }
    return observation, row, {"observation_id": seen, "defect_id": defect}


def verdicts(damages: int) -> Iterator[dict[str, Any]]:
    """Make the confirmations."""
    for n in range(0, damages, DECIDED_EACH):
        yield {
            "verdict_id": uuid.uuid4(),
            "defect_id": uuid.uuid5(uuid.NAMESPACE_OID, f"defect {n}"),
            "action": "confirm",
            "reviewer": "N",
            "decided_at": START + timedelta(days=300 + n % 90, seconds=n),
            "note": "",
            "version_before": 1,
            "version_after": 2,
            "state_before": "candidate",
            "state_after": "confirmed",
            "evidence": {},
        }


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
