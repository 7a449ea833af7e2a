"""Put 200 clients on the service for 60 s beside titiler, then ask for parts of 1 000 000 defects.

``python -m tests.benchmarks.load`` prints tables; 1 when a request failed or a bound does not hold.
titiler is installed into an environment of its own, made for this run, and serves the same COG with
as many processes; where it cannot be installed, that is said and the rest goes on.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import text

from inspection.geo.frames import WGS84_LONLAT, to_crs
from inspection.imaging.maptiles import Pyramid
from inspection.store.engine import reading
from tests.support.crowd import Client, Tally, crowd
from tests.support.installation import Installation, large_installation, machine, share
from tests.support.large import Large, random_windows
from tests.support.redis import free_port

VIEWPORT_MS, TILE_MS, DEEP_RATIO = 100.0, 150.0, 3.0
START_S = 60.0
TITILER = "titiler.application==2.4.0"

Behaviour = Callable[[Client, int], Awaitable[None]]


class Visitors:
    """Do what people do: look at pictures, look at defects, list them, and decide."""

    def __init__(self, made: Large, *, clients: int, seed: int = 7) -> None:
        """Give every client defects of its own, so that nobody is overtaken."""
        self._made = made
        self._clients = clients
        self._rolls = random.Random(seed)
        self._pictures = pictures(made, 4000, seed=seed)
        self._drawn = random_windows(made, 4000, seed=seed + 1)

    async def look(self, client: Client, _number: int) -> None:
        """Ask for a picture tile."""
        z, x, y = self._rolls.choice(self._pictures)
        await client.ask(
            "picture tile", f"/api/surveys/{self._made.survey_id}/tiles/{z}/{x}/{y}.png"
        )

    async def work(self, client: Client, number: int) -> None:
        """Do one thing: 60 % pictures, 20 % vector tiles, 10 % lists, 5 % map query, 5 % edits."""
        base = f"/api/surveys/{self._made.survey_id}"
        roll = self._rolls.random()
        if roll < 0.6:
            await self.look(client, number)
        elif roll < 0.8:
            z, x, y = self._rolls.choice(self._drawn)
            await client.ask("vector tile", f"{base}/defects/tiles/{z}/{x}/{y}.mvt")
        elif roll < 0.9:
            at = self._rolls.choice(self._made.defect_ids)
            await client.ask("list", f"{base}/queue?order=urgent&at={at}&limit=50")
        elif roll < 0.95:
            box = ",".join(map(str, viewport(self._made, self._rolls)))
            await client.ask("map query", f"/collections/defects/items?limit=50&bbox={box}")
        else:
            await self._decide(client, number)

    async def _decide(self, client: Client, number: int) -> None:
        mine = range(number, len(self._made.defect_ids), self._clients)
        address = f"/api/defects/{self._made.defect_ids[self._rolls.choice(mine)]}"
        read = await client.ask("read defect", address)
        if read is None:
            return
        defect = json.loads(read.content)
        action = "confirm" if "confirm" in defect["legal_actions"] else "reopen"
        told = {"action": action, "reviewer": f"n{number}", "expected_version": defect["version"]}
        await client.ask(
            "edit", f"{address}/verdicts", body=json.dumps(told).encode(), wanted=(201,)
        )


def pictures(made: Large, count: int, *, seed: int) -> list[tuple[int, int, int]]:
    """Name picture tiles of all levels, deeper levels more often."""
    rolls = random.Random(seed)
    grid = made.mosaic.grid
    pyramid = Pyramid(width_px=grid.width_px, height_px=grid.height_px)
    found = []
    for _ in range(count):
        level = min(pyramid.levels - 1, int(rolls.triangular(0, pyramid.levels, pyramid.levels)))
        across = -(-grid.width_px // (pyramid.tile_size_px * pyramid.step_px(level)))
        found.append((level, rolls.randrange(across), rolls.randrange(across)))
    return found


def viewport(made: Large, rolls: random.Random) -> tuple[float, float, float, float]:
    """Give a box of about 4 × 3 m, degrees: a screen full of native pixels."""
    grid = made.mosaic.grid
    left, bottom = grid.corners_surface_m.min(axis=0).tolist()
    side = grid.width_px * grid.gsd_m_per_px
    x, y = left + rolls.uniform(0, side - 4), bottom + rolls.uniform(0, side - 3)
    (west, south), (east, north) = to_crs([[x, y], [x + 4, y + 3]], grid.crs, WGS84_LONLAT).tolist()
    return (round(west, 8), round(south, 8), round(east, 8), round(north, 8))


@contextmanager
def titiler(folder: Path) -> Iterator[str | None]:
    """Serve with titiler from an environment of its own; None where it cannot be had."""
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    done = subprocess.run(
        [python, "-m", "pip", "install", "-q", TITILER, "uvicorn"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        print(f"titiler cannot be installed here: {done.stderr.strip()[-300:]}")
        yield None
        return
    port = free_port()
    process = subprocess.Popen(
        [python, "-m", "uvicorn", "titiler.application.main:app", "--port", str(port),
         "--log-level", "warning"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        base = f"http://127.0.0.1:{port}"
        ends_s = time.monotonic() + START_S
        while time.monotonic() < ends_s:
            with suppress(OSError), urllib.request.urlopen(f"{base}/healthz", timeout=5):
                break
            time.sleep(0.2)
        yield base
    finally:
        process.terminate()
        process.wait()


def titiler_look(made: Large, *, seed: int = 7) -> Behaviour:
    """Ask titiler for the part of the COG that a tile of ours shows, at the same size."""
    rolls, grid = random.Random(seed), made.mosaic.grid
    pyramid = Pyramid(width_px=grid.width_px, height_px=grid.height_px)
    asked = pictures(made, 4000, seed=seed)
    left, top = float(grid.surface_from_px[0, 2]), float(grid.surface_from_px[1, 2])
    crs, url, gsd = quote(grid.crs), quote(str(made.cog)), grid.gsd_m_per_px

    async def look(client: Client, _number: int) -> None:
        z, x, y = rolls.choice(asked)
        x0, y0, x1, y1 = pyramid.box_px(level=z, column=x, row=y)
        box = f"{left + x0 * gsd},{top - y1 * gsd},{left + x1 * gsd},{top - y0 * gsd}"
        size = f"{pyramid.tile_size_px}x{pyramid.tile_size_px}"
        await client.ask(
            "picture tile",
            f"/cog/bbox/{box}/{size}.png?url={url}&coord_crs={crs}&dst_crs={crs}"
            "&bidx=1&bidx=2&bidx=3",
        )

    return look


def told(name: str, tally: Tally, took_s: float) -> None:
    """Print how a crowd fared: requests a second, and latencies of each kind."""
    every = tally.everything()
    print(f"{name}: {len(every) / took_s:.0f} requests/s, {len(tally.errors)} errors; {machine()}")
    for kind, seconds in sorted(tally.seconds.items()):
        p50, p95 = (share(seconds, part) * 1000 for part in (0.5, 0.95))
        print(f"    {kind:14} {len(seconds):7} requests   p50 {p50:6.0f} ms   p95 {p95:6.0f} ms")
    for error in tally.errors[:5]:
        print(f"    {error}")


def alone(installed: Installation, count: int) -> dict[str, list[float]]:
    """Time one person's requests for parts of all defects, milliseconds."""
    made, server = installed.large, installed.server
    base, rolls = f"/api/surveys/{made.survey_id}", random.Random(3)
    times: dict[str, list[float]] = {}

    def ask(kind: str, path: str) -> None:
        began_s = time.perf_counter()
        with urllib.request.urlopen(server.base_url + path, timeout=120) as answer:
            answer.read()  # reading 1.5 MB of JSON in Python would take as long again
        times.setdefault(kind, []).append((time.perf_counter() - began_s) * 1000)

    server.call(f"{base}/queue")  # the first request of a process loads code
    for z, x, y in random_windows(made, count, seed=5):
        ask("vector tile", f"{base}/defects/tiles/{z}/{x}/{y}.mvt")
    for _ in range(count):
        box = ",".join(map(str, viewport(made, rolls)))
        ask("viewport query", f"/collections/defects/items?limit=1000&bbox={box}")
    marks = depths(installed)
    for _ in range(max(3, count // 20)):
        for name, mark in marks.items():
            ask(f"page {name}", f"{base}/queue?limit=100" + (f"&after={mark}" if mark else ""))
    return times


def depths(installed: Installation) -> dict[str, str | None]:
    """Give marks at the beginning, in the middle and near the end of the whole list."""
    made, base = installed.large, f"/api/surveys/{installed.large.survey_id}"
    query = text(
        "SELECT defect_id FROM survey_defects WHERE survey_id = :survey "
        "ORDER BY minus_size, defect_id OFFSET :skip LIMIT 1"
    )
    found: dict[str, str | None] = {"at the beginning": None}
    count = len(made.defect_ids)
    for name, skip in (("in the middle", count // 2), ("near the end", count - 150)):
        with reading(installed.engine) as connection:
            told = {"survey": made.survey_id, "skip": max(0, skip)}
            defect_id = connection.execute(query, told).scalar_one()
        _, page = installed.server.call(f"{base}/queue?limit=1&at={defect_id}")
        found[name] = page["rows"][0]["mark"]
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side-px", type=int, default=60_000)
    parser.add_argument("--defects", type=int, default=1_000_000)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--alone", type=int, default=200, help="requests of one person, each kind")
    parser.add_argument("--no-titiler", action="store_true")
    asked = parser.parse_args(arguments)
    failed = 0
    with large_installation(side_px=asked.side_px, defects=asked.defects) as installed:
        print(f"{asked.defects} defects on {asked.side_px} × {asked.side_px} px; {machine()}")
        failed += one_person(installed, asked.alone)
        visitors = Visitors(installed.large, clients=asked.clients)
        crowds: list[tuple[str, str, Behaviour]] = [
            ("tenken, picture tiles only", installed.server.base_url, visitors.look),
            ("tenken, everything mixed", installed.server.base_url, visitors.work),
        ]
        with tempfile.TemporaryDirectory(prefix="titiler-") as folder:
            if not asked.no_titiler:
                with titiler(Path(folder)) as base:
                    if base is not None:
                        _crowd("titiler, picture tiles", base, titiler_look(installed.large), asked)
            for name, base, behave in crowds:
                failed += _crowd(name, base, behave, asked)
    return int(failed > 0)


def one_person(installed: Installation, count: int) -> int:
    """Print what one person waits for; give how many bounds do not hold."""
    times = alone(installed, count)
    p95 = {kind: share(values, 0.95) for kind, values in times.items()}
    for kind, values in times.items():
        print(f"    {kind:22} p50 {share(values, 0.5):6.1f} ms   p95 {p95[kind]:6.1f} ms")
    first, last = times["page at the beginning"], times["page near the end"]
    ratio = share(last, 0.5) / share(first, 0.5)
    print(f"    a page near the end takes {ratio:.2f} times the first")
    return sum(
        (p95["viewport query"] > VIEWPORT_MS, p95["vector tile"] > TILE_MS, ratio > DEEP_RATIO)
    )


def _crowd(name: str, base: str, behave: Behaviour, asked: argparse.Namespace) -> int:
    tally, took_s = crowd(base, clients=asked.clients, seconds=asked.seconds, behave=behave)
    told(name, tally, took_s)
    return len(tally.errors)


if __name__ == "__main__":
    sys.exit(main())
