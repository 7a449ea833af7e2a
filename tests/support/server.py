"""Run the real service, with or without its worker, on a free port of this machine."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

START_S = 300.0
"""Longest time for the service to answer, on a busy machine."""

SERVE = "import sys; from inspection.cli import main; main(sys.argv[1:])"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningServer:
    """Reach a running service.

    Attributes:
        base_url: its address, without a slash at the end.
        home: its folder of rows and blobs.
        process: the service; its worker is a child of it.
        log: what both have written so far.
    """

    base_url: str
    home: Path
    process: subprocess.Popen[str]
    log: list[str] = field(default_factory=list)

    def call(
        self,
        path: str,
        *,
        method: str = "GET",
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Send a request; give status and JSON (or bytes where the answer is no JSON)."""
        sent = None if body is None else json.dumps(body).encode()
        kind = {} if sent is None else {"Content-Type": "application/json"}
        return self.send(path, method=method, content=sent, headers={**kind, **(headers or {})})

    def send(
        self, path: str, *, method: str, content: bytes | None, headers: dict[str, str]
    ) -> tuple[int, Any]:
        """Send bytes; give status and JSON (or bytes where the answer is no JSON)."""
        request = urllib.request.Request(
            self.base_url + path, data=content, headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, _read(answer.headers.get_content_type(), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _read(error.headers.get_content_type(), error.read())

    def upload(self, survey_id: str, files: list[tuple[str, bytes]]) -> tuple[int, Any]:
        """Upload photos into a survey."""
        boundary = "tenken-test-boundary"
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
            f"Content-Type: image/jpeg\r\n\r\n".encode()
            + content
            + b"\r\n"
            for name, content in files
        ]
        return self.send(
            f"/api/surveys/{survey_id}/photos",
            method="POST",
            content=b"".join(parts) + f"--{boundary}--\r\n".encode(),
            headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
        )

    def wait_for_job(self, job_id: str, timeout_s: float) -> dict[str, Any]:
        """Wait until nothing more is going to happen to a job; give it as it ended."""
        ends_s = time.monotonic() + timeout_s
        while time.monotonic() < ends_s:
            _, job = self.call(f"/api/jobs/{job_id}")
            if not job["active"]:
                return dict(job)
            time.sleep(0.2)
        raise AssertionError(f"job {job_id} still {job} after {timeout_s} s:\n{self.tail()}")

    def tail(self) -> str:
        """Give the last lines that service and worker wrote."""
        return "".join(self.log[-60:])


@contextmanager
def running_server(
    home: Path, *, worker: bool, environment: dict[str, str] | None = None, port: int = 0
) -> Iterator[RunningServer]:
    """Serve a home folder for as long as the context lasts; port 0 is any that is free.

    The environment may name another database than the file in the folder; a folder on the command
    line would win over it.
    """
    command = [sys.executable, "-c", SERVE, "serve", "--port", str(port)]
    if "TENKEN_DATABASE_URL" not in (environment or {}):
        command += ["--home", str(home)]
    process = subprocess.Popen(
        command if worker else [*command, "--no-worker"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "TENKEN_HOME": str(home.resolve()),
            **(environment or {}),
        },
    )
    log: list[str] = []
    ready = threading.Event()
    reader = threading.Thread(target=_collect, args=(process, log, ready), daemon=True)
    reader.start()
    try:
        base_url = _address(process, log, ready)
        server = RunningServer(base_url=base_url, home=home, process=process, log=log)
        _wait_until_healthy(server)
        yield server
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(60)
        assert not reader.is_alive(), "something that the service started outlives it"
        assert process.stdout is not None
        process.stdout.close()


def _read(kind: str, content: bytes) -> Any:
    return json.loads(content) if kind.endswith("json") else content


def _collect(process: subprocess.Popen[str], log: list[str], ready: threading.Event) -> None:
    assert process.stdout is not None
    with suppress(ValueError):  # the pipe was closed while we read
        for line in process.stdout:
            log.append(line)
            if "Tenken is at http" in line:
                ready.set()
    ready.set()


def _address(process: subprocess.Popen[str], log: list[str], ready: threading.Event) -> str:
    ready.wait(START_S)
    line = next((line for line in log if "Tenken is at http" in line), None)
    if line is None:
        raise AssertionError(f"the service did not start ({process.poll()}):\n{''.join(log)}")
    return line.split("Tenken is at ")[1].split()[0].rstrip("/")


def _wait_until_healthy(server: RunningServer) -> None:
    ends_s = time.monotonic() + START_S
    while time.monotonic() < ends_s:
        with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            if server.call("/healthz")[0] == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"the service does not answer:\n{server.tail()}")
