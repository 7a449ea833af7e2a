"""Compare what a survey was forecast to need with what it needed.

    python -m tests.benchmarks.room                                  a rendered strip, two sizes
    python -m tests.benchmarks.room FOLDER [--gsd-mm-per-px X]       real photos; with X a strip

Each is driven by ``tenken run`` in a process of its own; its disk is watched while it works. The
exit code is 1 when more memory or disk was needed than forecast, or less than a third of it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from inspection.pipeline.detect import BATCH
from inspection.pipeline.forecast import Forecast, forecast
from inspection.store import photos, surveys
from inspection.store.engine import create_engine, reading
from tests.benchmarks.cut_off import column
from tests.support.road import TENKEN

STEPS = ("mosaic", "detect", "measure")
LOWEST = 1 / 3
SAMPLE_S = 0.1


@dataclass(frozen=True, kw_only=True)
class Needed:
    """Say what a survey needed; MB are 10⁶ bytes."""

    promised: Forecast
    mosaic_px: int
    memory_mb: float
    disk_mb: float
    kept_mb: float

    @property
    def kept_promises(self) -> bool:
        """Tell whether the forecast was enough, and not far too much."""
        return all(
            LOWEST * promised <= needed <= promised
            for promised, needed in (
                (self.promised.memory_mb, self.memory_mb),
                (self.promised.disk_mb, self.disk_mb),
            )
        )

    def __str__(self) -> str:
        """Write a line of the table."""
        told = self.promised
        return (
            f"{told.photos:>4} photos {told.photo_px / 1e6:>6.1f} Mpx  "
            f"mosaic {self.mosaic_px / 1e6:.1f} of {told.mosaic_px / 1e6:.1f} Mpx  "
            f"memory {self.memory_mb:.0f} of "
            f"{told.memory_mb:.0f} MB  disk {self.disk_mb:.1f} of {told.disk_mb:.1f} MB  "
            f"kept {self.kept_mb:.1f} of {told.kept_mb:.1f} MB"
        )


def folder_mb(folder: Path, *, without: str = "photos") -> float:
    """Add up the files below a folder, except originals of photos and rows."""
    total = 0
    for root, folders, files in os.walk(folder):
        if without in folders and root.endswith("blobs"):
            folders.remove(without)
        for name in files:
            if "sqlite" not in name:
                with suppress(FileNotFoundError):
                    total += (Path(root) / name).stat().st_size
    return total / 1e6


def drive(folder: Path, words: Sequence[str]) -> Needed:
    """Drive a survey and watch it."""
    with tempfile.TemporaryDirectory() as place:
        out, seen = Path(place) / "out", [0.0]
        over = threading.Event()

        def watch() -> None:
            while not over.wait(SAMPLE_S):
                seen.append(folder_mb(out / "store"))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            done = subprocess.run(
                [sys.executable, "-c", TENKEN, "run", str(folder), "--out", str(out), *words],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
        finally:
            over.set()
            watcher.join()
        assert done.returncode == 0, done.stderr[-3000:]
        account = json.loads((out / "run.json").read_text(encoding="utf-8"))
        peaks = [one["peak_rss_mb"] for one in account["stages"] if one["name"] in STEPS]
        return Needed(
            promised=_promised(out / "store"),
            mosaic_px=account["mosaic"]["width_px"] * account["mosaic"]["height_px"],
            memory_mb=max(peaks),
            disk_mb=max(seen),
            kept_mb=folder_mb(out / "store"),
        )


def _promised(home: Path) -> Forecast:
    engine = create_engine(f"sqlite:///{home / 'tenken.sqlite'}")
    with reading(engine) as connection:
        (survey,) = surveys.find(connection).rows
        pictures = photos.of_survey(connection, survey.survey_id)
    engine.dispose()
    return forecast(survey, pictures, batch=BATCH)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--gsd-mm-per-px", type=float)
    asked = parser.parse_args(arguments)
    gsd = asked.gsd_mm_per_px or (None if asked.folder else 2.0)
    words = ["--surface", "strip", "--gsd-mm-per-px", str(gsd)] if gsd else []
    needed = []
    with tempfile.TemporaryDirectory() as place:
        folders = [asked.folder] if asked.folder else _rendered(Path(place))
        for folder in folders:
            needed.append(drive(folder, words))
            print(needed[-1], flush=True)
    return 0 if all(one.kept_promises for one in needed) else 1


def _rendered(place: Path) -> list[Path]:
    """Render the strips of the benchmark."""
    folders = []
    for number, scale in enumerate((1, 3)):
        folder = place / str(number)
        folder.mkdir()
        for name, content in column(number, scale):
            (folder / name).write_bytes(content)
        folders.append(folder)
    return folders


if __name__ == "__main__":
    sys.exit(main())
