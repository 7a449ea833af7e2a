"""Let the disk of the blobs be read-only, then full, in the middle of a survey; compare the end.

Needs root, for it mounts a small file system of memory. What does not fit is refused with words and
nothing of it stays; when there is room again the survey is finished, and everything equals an
undisturbed run.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from inspection.store.blobs import INCOMING
from tests.services.test_worker_process import strip
from tests.support.cluster import Cluster, running_cluster
from tests.support.surviving import Left, differences, left_of, prepare, process, send_photos
from tests.support.tus import TusClient

SMALL, LARGE = "900k", "200m"
"""Room for three photos, but not for the mosaic; and room for everything."""

WAIT_S = 600.0


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Put a small file system at a folder."""
    folder.mkdir(parents=True)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(folder)], check=True
    )
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def change(folder: Path, options: str) -> None:
    """Change a mounted file system."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def refused_upload(cluster: Cluster, survey_id: object, content: bytes) -> tuple[int, str]:
    """Try to send a photo; give status and words."""
    tus = TusClient(send=lambda *sent: cluster.request(*sent)[:2], survey_id=survey_id)
    cluster.ask("GET", "/healthz")
    place = tus.begin("refused.jpg", content)
    headers = {
        "Tus-Resumable": "1.0.0", "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
    }  # fmt: skip
    status, _, body = cluster.request("PATCH", place, headers, content)
    return status, body.decode()


def wait_for_refusal(cluster: Cluster, survey_id: object) -> str:
    """Have a survey worked on until it fails; give the error."""
    job = cluster.ask("POST", f"/api/surveys/{survey_id}/process")
    ends_s = time.monotonic() + WAIT_S
    while not job["error"]:
        assert job["active"], "it went through: the disk is too large for this test"
        assert time.monotonic() < ends_s, job
        time.sleep(0.2)
        job = cluster.ask("GET", f"/api/jobs/{job['job_id']}")
    return str(job["error"])


def undisturbed() -> Left:
    """Take one survey through an installation with room."""
    with running_cluster() as cluster:
        (survey_id,) = prepare(cluster, 1)
        send_photos(cluster, survey_id, strip())
        process(cluster, survey_id)
        return left_of(cluster)


def disturbed() -> tuple[Left, str, str]:
    """Do the same on a disk that is read-only, then too small, then large enough."""
    with running_cluster() as cluster:
        (survey_id,) = prepare(cluster, 1)
        disk = cluster.home / "blobs"
        with small_disk(disk):
            change(disk, "ro")
            status, words = refused_upload(cluster, survey_id, strip(seed=9)[0][1])
            assert status == 503, (status, words)
            assert str(cluster.home) not in words, words
            change(disk, "rw")
            send_photos(cluster, survey_id, strip())
            error = wait_for_refusal(cluster, survey_id)
            assert str(cluster.home) not in error, error
            litter = list((disk / INCOMING).glob("*"))
            assert litter == [], litter
            change(disk, f"size={LARGE}")
            process(cluster, survey_id)
            return left_of(cluster), words, error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; give the exit code."""
    argparse.ArgumentParser(description=__doc__).parse_args(arguments)
    if os.geteuid() != 0:
        print("not run: only root may mount a small file system")
        return 0
    left, read_only, full = disturbed()
    different = differences(undisturbed(), left)
    print(f"read-only: {read_only[:300]}\nfull: {full[:300]}\n{len(different)} differences")
    for line in different:
        print(line)
    return 1 if different or "full" not in full else 0


if __name__ == "__main__":
    sys.exit(main())
