"""Two workers on two network namespaces share surveys; one is cut off and comes back; compare.

``python -m tests.benchmarks.cut_off --rounds 4`` (root) makes two islands with a worker each, cuts
the cable of whoever conducts the survey, or of whoever helps, in the middle of the detection, mends
it when the other one has taken over, and prints whether rows and blobs equal those of one worker
that nobody disturbed, alone, without bands, on SQLite; exit code 1 when they do not.
"""

import argparse
import hashlib
import platform
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.pipeline.conduct import conduct
from inspection.pipeline.ports import Silence
from inspection.pipeline.receive import Arrival, receive_photos
from inspection.settings import DetectSettings
from inspection.store import bands, jobs, surveys
from inspection.store.band import Band, BandState
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, reading, writing
from inspection.store.job import ACTIVE, Job, JobState
from tests.services.test_worker_process import jpeg
from tests.support.cluster import Cluster, running_cluster
from tests.support.islands import Island, islands, why_not
from tests.support.redis import until_workers_listen
from tests.support.surviving import Installation, Left, differences, left_of, prepare
from workers.outfit import home_settings, outfit

WIDTH_PX, HEIGHT_PX, STEP_PX, COUNT = 640, 900, 600, 4
ROLES = ("conductor", "helper")
LONG_S = 300.0
SETTINGS = {"TENKEN_DETECT_BAND_CHIPS": "1", "TENKEN_DETECT_THREADS": "1"}
"""Many small bands, so that there is something to share on a small mosaic."""


def column(seed: int, scale: int = 1) -> list[tuple[str, bytes]]:
    """Render photos of one plane, one above the other, with cracks from top to bottom.

    Args:
        seed: of the texture.
        scale: how many times larger the photos are.
    """
    generator = np.random.default_rng(seed)
    size = (scale * WIDTH_PX, scale * (HEIGHT_PX + (COUNT - 1) * STEP_PX))
    grey = np.zeros(size[::-1])
    for cell in (2, 5, 13, 40):
        small = generator.normal(0, 14, (size[1] // cell + 1, size[0] // cell + 1))
        grey += cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)
    plane: NDArray[np.uint8] = np.repeat(
        np.clip(165 + grey, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2
    )
    for x0, x1 in ((100, 400), (540, 200)):
        middle = (scale * ((x0 + x1) // 2 + 80), size[1] // 2)
        track = [(scale * x0, 30), middle, (scale * x1, size[1] - 30)]
        cv2.polylines(plane, [np.array(track, dtype=np.int32)], False, (40, 38, 36), 7, cv2.LINE_AA)
    tops = [scale * number * STEP_PX for number in range(COUNT)]
    return [(f"C{top}.JPG", jpeg(plane[top : top + scale * HEIGHT_PX])) for top in tops]


def receive(place: Installation, survey_id: uuid.UUID, seed: int) -> None:
    """Put photos into a survey, as an upload does."""
    engine, blobs = create_engine(place.database_url), FolderBlobs(place.home / "blobs")
    with tempfile.TemporaryDirectory() as folder:
        arrivals = []
        for name, content in column(seed):
            path = Path(folder) / name
            path.write_bytes(content)
            digest = hashlib.sha256(content).hexdigest()
            arrivals.append(Arrival(name=name, path=path, sha256=digest, size_bytes=len(content)))
        with reading(engine) as connection:
            survey = surveys.by_id(connection, survey_id)
        receive_photos(survey, arrivals, engine=engine, blobs=blobs, file_max_bytes=10**8)
    engine.dispose()


@dataclass(frozen=True, kw_only=True)
class Alone:
    """Name where one worker works alone."""

    home: Path

    @property
    def database_url(self) -> str:
        """Give the URL of the database."""
        return f"sqlite:///{self.home / 'tenken.sqlite'}"


def undisturbed(rounds: int) -> Left:
    """Conduct all surveys in this process, one worker, no bands."""
    with tempfile.TemporaryDirectory() as folder:
        place = Alone(home=Path(folder) / "home")
        place.home.mkdir()
        ids = prepare(place, rounds)
        tools = outfit(home_settings(place.home), DetectSettings(), progress=Silence())
        for seed, survey_id in enumerate(ids):
            receive(place, survey_id, seed)
            conduct(survey_id, tools)
        tools.engine.dispose()
        return left_of(place)


@dataclass(frozen=True, kw_only=True)
class Round:
    """Say how one survey went."""

    role: str
    cut_s: float
    attempts: int
    workers: frozenset[str]
    taken_over: int


@dataclass(kw_only=True)
class Watch:
    """Watch one survey in the rows, and cut whoever has a role in it."""

    cluster: Cluster
    islands: Sequence[Island]
    survey_id: uuid.UUID

    def __post_init__(self) -> None:
        """Ask for the job; no bell is rung: the sweeps find it."""
        self.engine = create_engine(self.cluster.database_url)
        with writing(self.engine) as connection:
            now = surveys.by_id(connection, self.survey_id).created_at
            self.job_id = jobs.enqueue(connection, self.survey_id, "conduct", now).job_id

    def look(self) -> tuple[Job, tuple[Band, ...]]:
        """Read the job and its bands."""
        with reading(self.engine) as connection:
            return (
                jobs.by_id(connection, self.job_id),
                bands.of_survey(connection, self.survey_id),
            )

    def until(self, happened: Callable[[Job, tuple[Band, ...]], str | None], what: str) -> str:
        """Wait until something has happened; give what it says."""
        ends_s = time.monotonic() + LONG_S
        while True:
            job, shared = self.look()
            answer = happened(job, shared)
            if answer is not None:
                return answer
            assert job.state is not JobState.DEAD, self.told(job)
            assert time.monotonic() < ends_s, f"{what}: {self.told(job)}"
            time.sleep(0.02)

    def told(self, job: Job) -> str:
        """Say all that is known, for whoever wonders."""
        logs = [self.cluster.log(f"worker-{number}") for number in range(len(self.islands))]
        return "\n".join([repr(job), *logs])

    def island_of(self, worker: str) -> Island:
        """Find the island of a worker by its process."""
        for number, one in enumerate(self.islands):
            process = self.cluster.processes[f"worker-{number}"]
            if worker == f"{platform.node()}:{process.pid}":
                return one
        raise AssertionError(f"{worker} is on no island")

    def run(self, role: str) -> Round:
        """Cut whoever has a role while the mosaic is shared; mend when the other has taken over."""
        victim = self.until(lambda job, shared: _holder(role, job, shared), f"a {role} at work")
        self.island_of(victim).cut()
        began_s = time.monotonic()
        self.until(lambda job, shared: _taken_over(role, victim, job, shared), "taken over")
        self.island_of(victim).mend()
        cut_s = time.monotonic() - began_s
        self.until(lambda job, _: None if job.state in ACTIVE else "ended", "the end")
        job, shared = self.look()
        self.engine.dispose()
        assert job.state is JobState.DONE, self.told(job)
        return Round(
            role=role,
            cut_s=cut_s,
            attempts=job.attempt,
            workers=frozenset(band.worker for band in shared),
            taken_over=sum(band.attempt > 1 for band in shared),
        )


def _holder(role: str, job: Job, shared: tuple[Band, ...]) -> str | None:
    """Name who has a role and holds a band, once somebody else has finished or holds one, too."""
    at_work = {band.worker for band in shared if band.state(job.changed_at) is BandState.TAKEN}
    there = {band.worker for band in shared if band.worker}
    if len(there) < 2:
        assert job.state in ACTIVE, f"nobody came to help: {job}"
        return None
    wanted = [name for name in sorted(at_work) if (name == job.worker) == (role == "conductor")]
    return wanted[0] if wanted else None


def _taken_over(role: str, victim: str, job: Job, shared: tuple[Band, ...]) -> str | None:
    """Tell that the other worker has what the one had that was cut off."""
    if role == "conductor":
        return "the job" if job.worker != victim else None
    left = [band for band in shared if band.worker == victim and band.blob_key is None]
    return None if left else "the band"


def live(rounds: int) -> tuple[Left, list[Round]]:
    """Take surveys through two workers on two islands; cut one of them off in each."""
    with islands(2) as made, running_cluster(["redis"], [one.mainland for one in made]) as cluster:
        ids = prepare(cluster, rounds)
        for number, one in enumerate(made):
            cluster.start_worker(
                f"worker-{number}", inside=one.inside, at=one.mainland, settings=SETTINGS
            )
        until_workers_listen(f"redis://127.0.0.1:{cluster.redis_port}/0", len(made))
        went = []
        for seed, survey_id in enumerate(ids):
            receive(cluster, survey_id, seed)
            watch = Watch(cluster=cluster, islands=made, survey_id=survey_id)
            went.append(watch.run(ROLES[seed % len(ROLES)]))
        for number in range(len(made)):
            assert cluster.processes[f"worker-{number}"].poll() is None, "a worker ended"
        return left_of(cluster), went


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    asked = parser.parse_args(arguments)
    reason = why_not()
    if reason is not None:
        print(f"not run: {reason}")
        return 0
    left, went = live(asked.rounds)
    different = differences(undisturbed(asked.rounds), left)
    for one in went:
        print(
            f"{one.role} cut off for {one.cut_s:.1f} s: {len(one.workers)} workers, "
            f"{one.taken_over} bands taken over, attempt {one.attempts} of the job finished it"
        )
    rows = sum(map(len, left.rows.values()))
    print(
        f"{len(went)} surveys, {rows} rows, {len(left.blobs)} blobs: {len(different)} differences "
        "to one worker alone"
    )
    for line in different:
        print(line)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
