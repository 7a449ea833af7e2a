"""Every command of compose.yaml is run natively, with its settings, over real services."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.postgis import PostgisServer
from tests.support.redis import free_port, running_redis, until_workers_listen
from tests.support.server import SERVE

pytestmark = [pytest.mark.services, pytest.mark.timeout(3600)]

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
PASSWORD = "correct horse battery staple"
START_S = 300.0


@pytest.fixture(scope="module")
def settings(
    postgis_server: PostgisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """Give the settings of the service ``api``, with the places of this machine in them."""
    home = tmp_path_factory.mktemp("deployed")
    with postgis_server.database("deployed") as url, running_redis() as broker:
        given = dict(COMPOSE["services"]["api"]["environment"])
        given |= {
            "TENKEN_HOME": str(home),
            "TENKEN_DATABASE_URL": url,
            "TENKEN_QUEUE_BROKER_URL": broker,
            "TENKEN_PUBLIC_URL": "https://tenken.example.jp",
            "TENKEN_TRUSTED_PROXIES": "127.0.0.1",
            "TENKEN_METRICS_LISTEN": f"127.0.0.1:{free_port()}",
            "TENKEN_PORT": str(free_port()),
        }
        yield given


def natively(command: list[str]) -> list[str]:
    """Run ``tenken`` and ``python`` with the Python of the tests."""
    first, *others = command
    programs = {"tenken": [sys.executable, "-c", SERVE], "python": [sys.executable]}
    return [*programs.get(first, [first]), *others]


def run(
    command: list[str], settings: Mapping[str, str], *, said: str | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        natively(command), env={**os.environ, **settings}, input=said, cwd=ROOT,
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


@contextmanager
def running(name: str, settings: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the command of a service until the context ends; it must end when asked to."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            natively(COMPOSE["services"][name]["command"]),
            env={**os.environ, **settings}, stdout=output, stderr=output, cwd=ROOT,
        )  # fmt: skip
    try:
        yield process
        assert process.poll() is None, log.read_text()
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) in {0, -signal.SIGTERM}, log.read_text()
    finally:
        process.kill()
        process.wait()


def healthy(name: str, settings: Mapping[str, str]) -> bool:
    kind, *command = COMPOSE["services"][name]["healthcheck"]["test"]
    assert kind == "CMD"
    return run(command, settings).returncode == 0


def wait(settings: Mapping[str, str], log: Path) -> None:
    ends_s = time.monotonic() + START_S
    while not healthy("api", settings):
        assert time.monotonic() < ends_s, log.read_text()
        time.sleep(0.2)


def test_migrate_then_api_and_workers(settings: dict[str, str], tmp_path: Path) -> None:
    api, migrate = COMPOSE["services"]["api"], COMPOSE["services"]["migrate"]
    assert not healthy("api", settings), "nothing runs yet"
    for _ in range(2):  # a migration runs once, however often it is started
        done = run(migrate["command"], settings)
        assert done.returncode == 0, done.stderr

    refused = run(api["command"], settings)
    assert refused.returncode == 3 and "nobody who can sign in" in refused.stderr
    added = run(
        ["tenken", "users", "add", "root", "--role", "admin", "--password-stdin"],
        settings,
        said=PASSWORD + "\n",
    )
    assert added.returncode == 0, added.stderr

    log = tmp_path / "api.log"
    with running("api", settings, log):
        wait(settings, log)
        listen = settings["TENKEN_METRICS_LISTEN"]
        with urllib.request.urlopen(f"http://{listen}/metrics", timeout=60) as answer:
            metrics = answer.read().decode()
        assert "tenken_up 1.0" in metrics
        assert 'tenken_http_requests_total{route="GET /readyz",status="200"}' in metrics
        assert settings["TENKEN_HOME"] not in metrics
        base = f"http://127.0.0.1:{settings['TENKEN_PORT']}"
        with pytest.raises(urllib.error.HTTPError) as closed:
            urllib.request.urlopen(f"{base}/api/surveys", timeout=60)
        assert closed.value.code == 401
        closed.value.close()
    lines = log.read_text()
    assert '"route": "GET /readyz"' in lines, "the log is JSON"
    assert settings["TENKEN_HOME"] not in lines

    for name in ("worker-cpu", "worker-gpu"):
        own = {**settings, "TENKEN_METRICS_LISTEN": f"127.0.0.1:{free_port()}"}
        with running(name, own, tmp_path / f"{name}.log"):
            _await_metrics(own["TENKEN_METRICS_LISTEN"], tmp_path / f"{name}.log")
            until_workers_listen(settings["TENKEN_QUEUE_BROKER_URL"], 1)


def _await_metrics(listen: str, log: Path) -> None:
    ends_s = time.monotonic() + START_S
    while True:
        try:
            with urllib.request.urlopen(f"http://{listen}/metrics", timeout=60) as answer:
                assert b"tenken_job_seconds" in answer.read()
                return
        except OSError:
            assert time.monotonic() < ends_s, log.read_text()
            time.sleep(0.2)


def test_the_health_of_database_and_broker_is_asked_with_their_own_programs(
    settings: dict[str, str], postgis_server: PostgisServer
) -> None:
    for name in ("postgis", "redis"):
        _, program, *options = COMPOSE["services"][name]["healthcheck"]["test"]
        found = shutil.which(program)
        assert found is not None, f"{program} is not installed"
        there = (
            ["-h", str(postgis_server.socket_dir)]
            if name == "postgis"
            else ["-u", settings["TENKEN_QUEUE_BROKER_URL"]]
        )
        done = run([found, *there, *options], {})
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_broker_starts_with_its_command_and_keeps_nothing(tmp_path: Path) -> None:
    command, port = COMPOSE["services"]["redis"]["command"], free_port()
    process = subprocess.Popen(
        [*command, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    try:
        ends_s = time.monotonic() + START_S
        ask = ["redis-cli", "-p", str(port), "set", "bell", "1"]
        while run(ask, {}).stdout.strip() != "OK":
            assert time.monotonic() < ends_s
            time.sleep(0.1)
    finally:
        process.terminate()
        process.wait(20)
    assert list(tmp_path.iterdir()) == []
