"""An upload through the API runs the whole road in a real worker, whatever happens to it."""

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.support.redis import running_redis
from tests.support.server import SERVE, RunningServer, running_server

pytestmark = [pytest.mark.services, pytest.mark.timeout(3600)]

GSD_MM = 2.0
WIDTH_PX, HEIGHT_PX, STEP_PX = 640, 480, 200
LONG_S = 600.0
"""Longest wait for a small survey; seconds on an idle machine, minutes on a busy one."""


def strip(seed: int = 3) -> list[tuple[str, bytes]]:
    """Render three overlapping photos of one plane with a crack along it."""
    generator = np.random.default_rng(seed)
    size = (WIDTH_PX + 2 * STEP_PX, HEIGHT_PX)
    grey = np.zeros(size[::-1])
    for cell in (2, 5, 13, 40):
        small = generator.normal(0, 14, (size[1] // cell + 1, size[0] // cell + 1))
        grey += cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)
    plane = np.repeat(np.clip(165 + grey, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)
    crack = np.array([(60, 200), (400, 260), (700, 220), (980, 300)], dtype=np.int32)
    cv2.polylines(plane, [crack], False, (40, 38, 36), 7, cv2.LINE_AA)
    return [(f"P{i}.JPG", jpeg(plane[:, i * STEP_PX : i * STEP_PX + WIDTH_PX])) for i in range(3)]


def jpeg(pixels: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=92)
    return stream.getvalue()


def survey_with(server: RunningServer, files: list[tuple[str, bytes]]) -> str:
    asset = {"asset_id": "quay-1", "name": "Quay"}
    assert server.call("/api/assets", method="POST", body=asset)[0] == 201
    described = {"asset_id": "quay-1", "surface": "strip", "gsd_mm_per_px": GSD_MM}
    status, survey = server.call("/api/surveys", method="POST", body=described)
    assert status == 201
    status, answer = server.upload(survey["survey_id"], files)
    assert status == 200
    assert answer["photo_count"] == len(files)
    return str(survey["survey_id"])


def process(server: RunningServer, survey_id: str) -> str:
    status, job = server.call(f"/api/surveys/{survey_id}/process", method="POST")
    assert status == 202
    return str(job["job_id"])


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in listed.split()]


def has_ended(pid: int, *, within_s: float) -> bool:
    """Wait until a process is gone; one that waits for its parent to notice counts as gone."""
    ends_s = time.monotonic() + within_s
    while time.monotonic() < ends_s:
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        except FileNotFoundError:
            return True
        if state[0] == "Z":
            return True
        time.sleep(0.1)
    return False


def check_result(server: RunningServer, survey_id: str) -> dict[str, Any]:
    _, survey = server.call(f"/api/surveys/{survey_id}")
    assert survey["state"] == "processed", server.tail()
    mosaic = survey["mosaic"]
    assert mosaic["crs"] == "LOCAL" and mosaic["georeferenced"] is False
    assert mosaic["gsd_mm_per_px"] == pytest.approx(GSD_MM, rel=0.02)
    assert WIDTH_PX + STEP_PX < mosaic["width_px"] < 1.2 * (WIDTH_PX + 2 * STEP_PX)
    steps = [step["step"] for step in survey["steps"]]
    assert {"mosaic", "detect", "measure", "consolidate"} <= set(steps)
    assert len(steps) == len(set(steps)), "no step was done twice"
    path = mosaic["tiles"]["url_template"].format(z=0, x=0, y=0)
    status, tile = server.call(path)
    assert status == 200 and tile[:4] == b"\x89PNG"
    status, page = server.call(f"/api/surveys/{survey_id}/defects")
    assert status == 200 and page["surface_crs"] == "LOCAL"
    assert server.call("/collections/defects/items")[1]["numberMatched"] == 0
    return dict(survey)


def test_an_upload_runs_the_whole_road_and_again_changes_nothing(tmp_path: Path) -> None:
    with running_server(tmp_path / "home", worker=True) as server:
        survey_id = survey_with(server, strip())
        first = server.wait_for_job(process(server, survey_id), LONG_S)
        assert (first["state"], first["error"], first["attempt"]) == ("done", None, 1)
        before = check_result(server, survey_id)
        again = server.wait_for_job(process(server, survey_id), LONG_S)
        assert again["state"] == "done" and again["job_id"] != first["job_id"]
        after = check_result(server, survey_id)
        assert after["mosaic"] == before["mosaic"]
        assert after["steps"] == before["steps"]
        worker = children(server.process.pid)
        assert len(worker) == 1
    assert has_ended(worker[0], within_s=120), "the worker outlived the service"


def test_a_worker_killed_in_the_middle_is_replaced_and_the_job_finished(tmp_path: Path) -> None:
    environment = {"TENKEN_QUEUE_LEASE_S": "8"}
    with running_server(tmp_path / "home", worker=True, environment=environment) as server:
        survey_id = survey_with(server, strip())
        job_id = process(server, survey_id)
        ends_s = time.monotonic() + LONG_S
        while server.call(f"/api/jobs/{job_id}")[1]["progress"] is None:
            assert time.monotonic() < ends_s, server.tail()
            time.sleep(0.02)
        (worker,) = children(server.process.pid)
        os.kill(worker, signal.SIGKILL)
        ended = server.wait_for_job(job_id, LONG_S)
        assert ended["state"] == "done", server.tail()
        assert ended["attempt"] == 2
        check_result(server, survey_id)
        assert "another starts in" in server.tail()
        assert children(server.process.pid) != [worker]


def test_a_worker_hears_the_bell_over_redis_and_says_why_a_survey_failed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running_redis() as url:
        environment = {"TENKEN_QUEUE_BROKER_URL": url}
        worker_environment = {**os.environ, **environment, "TENKEN_HOME": str(home)}
        with running_server(home, worker=False, environment=environment) as server:
            worker = subprocess.Popen(
                [sys.executable, "-c", SERVE, "worker"], env=worker_environment
            )
            try:
                strangers = [strip()[0], ("Q0.JPG", strip(seed=4)[2][1])]
                survey_id = survey_with(server, strangers)
                ended = server.wait_for_job(process(server, survey_id), LONG_S)
            finally:
                worker.terminate()
                code = worker.wait(60)
        assert code == 0
        assert ended["state"] == "dead" and ended["attempt"] == 1
        assert "photo" in ended["error"]
        assert not (home / "queue").exists()
