"""Kill worker, service, broker and database at random moments of real surveys; compare the end.

``python -m tests.benchmarks.kill_anything --kills 50`` prints who died, how long it took, whether
rows and blobs equal those of an undisturbed run; exit code 1 when they do not.
"""

import argparse
import collections
import random
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.services.test_worker_process import strip
from tests.support.cluster import running_cluster
from tests.support.surviving import (
    Deaths,
    Left,
    decide,
    differences,
    left_of,
    prepare,
    process,
    send_photos,
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Hold what an installation has at the end and what it went through."""

    left: Left
    died: tuple[str, ...]
    seconds: float
    decided: int


def live(*, surveys: int, kills: int, seed: int) -> Outcome:
    """Take surveys through an installation while it is killed so many times.

    While anybody dies, photos arrive, surveys are worked on, and people decide about the defects of
    a survey of before.
    """
    with running_cluster() as cluster:
        ids = prepare(cluster, surveys)
        deaths = Deaths(cluster=cluster, wanted=kills, order=random.Random(seed))
        killer = threading.Thread(target=deaths.run)
        began_s = time.monotonic()
        killer.start()
        try:
            for number, survey_id in enumerate(ids):
                send_photos(cluster, survey_id, strip(seed=3 + number))
                process(cluster, survey_id)
                decided = decide(cluster)
            while not deaths.over and deaths.failure is None:
                send_photos(cluster, ids[-1], strip(seed=2 + surveys))
                process(cluster, ids[0])
                decide(cluster)
        finally:
            deaths.stop()
            killer.join()
        if deaths.failure is not None:
            raise deaths.failure
        seconds = time.monotonic() - began_s
        for survey_id in ids:
            process(cluster, survey_id)
        return Outcome(
            left=left_of(cluster), died=tuple(deaths.died), seconds=seconds, decided=decided
        )


def compare(*, surveys: int, kills: int, seed: int) -> tuple[Outcome, list[str]]:
    """Run disturbed and undisturbed; give the disturbed outcome and every difference."""
    undisturbed = live(surveys=surveys, kills=0, seed=seed)
    killed = live(surveys=surveys, kills=kills, seed=seed)
    return killed, differences(undisturbed.left, killed.left)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--surveys", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    outcome, different = compare(surveys=asked.surveys, kills=asked.kills, seed=asked.seed)
    died = ", ".join(f"{n} × {name}" for name, n in collections.Counter(outcome.died).items())
    rows = sum(map(len, outcome.left.rows.values()))
    print(
        f"{len(outcome.died)} kills in {outcome.seconds:.0f} s ({died}); {asked.surveys} surveys, "
        f"{rows} rows, {len(outcome.left.blobs)} blobs, {outcome.decided} decisions: "
        f"{len(different)} differences to an undisturbed run"
    )
    for line in different:
        print(line)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
