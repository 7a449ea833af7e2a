"""Run a whole installation as separate processes that can be killed and started again.

PostgreSQL with PostGIS, Redis, the service and a worker, all on loopback or a socket in a private
folder. Each is started in a session of its own, so that SIGKILL takes it with all its children, as
a lack of memory or a power cut does.
"""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.support import postgis
from tests.support.redis import free_port, start_redis
from tests.support.server import SERVE

START_S = 300.0
LEASE_S = 4
"""Silence after which a worker is taken for dead: short, for many die here."""

DURABLE = [setting for setting in postgis.QUICK if not setting.startswith("full_page_writes")]
"""A killed process loses nothing that the system has taken, so flushing may be left out here."""


@dataclass(kw_only=True)
class Cluster:
    """Hold the processes by name: ``postgresql``, ``redis``, ``api``, ``worker``, and others.

    Attributes:
        folder: of all files.
        redis_port: port of Redis.
        api_port: port of the service.
        postgresql_port: port of PostgreSQL on ``addresses``; on loopback it has a socket only.
        addresses: other addresses of this machine at which PostgreSQL and Redis are reached.
        processes: what runs.
    """

    folder: Path
    redis_port: int
    api_port: int
    postgresql_port: int
    addresses: Sequence[str] = ()
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """Name the folder of the blobs."""
        return self.folder / "home"

    @property
    def database_url(self) -> str:
        """Give the URL of the database."""
        socket = f"host={self.folder / 'pg'}&port={self.postgresql_port}"
        return f"postgresql://{postgis.USER}@/tenken?{socket}"

    @property
    def environment(self) -> dict[str, str]:
        """Give the settings of service and worker."""
        return {
            **os.environ,
            "TENKEN_HOME": str(self.home),
            "TENKEN_DATABASE_URL": self.database_url,
            "TENKEN_QUEUE_BROKER_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "TENKEN_QUEUE_LEASE_S": str(LEASE_S),
            "TENKEN_DETECT_THREADS": "2",
        }

    def start_worker(
        self, name: str, *, inside: Sequence[str], at: str, settings: Mapping[str, str]
    ) -> None:
        """Start a worker by words that take it elsewhere; it finds the rest ``at`` an address."""
        reached = {
            "TENKEN_DATABASE_URL": f"postgresql://tenken@{at}:{self.postgresql_port}/tenken",
            "TENKEN_QUEUE_BROKER_URL": f"redis://{at}:{self.redis_port}/0",
        }
        environment = {**self.environment, **reached, **settings}
        words = [*inside, sys.executable, "-c", SERVE, "worker"]
        self.processes[name] = self._start(name, words, environment)

    def start(self, name: str) -> None:
        """Start one of the processes and wait until it answers (the worker: until it runs)."""
        starters: Mapping[str, Callable[[], subprocess.Popen[bytes]]] = {
            "postgresql": self._start_postgresql,
            "redis": lambda: start_redis(self.redis_port, self.addresses),
            "api": lambda: self._start_tenken("api", "serve", "--no-worker", "--port",
                                              str(self.api_port)),
            "worker": lambda: self._start_tenken("worker", "worker"),
        }  # fmt: skip
        self.processes[name] = starters[name]()

    def kill(self, name: str) -> None:
        """Kill one of the processes, with its children, in the middle of whatever it does."""
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()

    def log(self, name: str) -> str:
        """Give the end of what a process has written."""
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""

    def request(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request; status 0 when the service is not there or dies in the middle."""
        connection = http.client.HTTPConnection("127.0.0.1", self.api_port, timeout=120)
        try:
            connection.request(method, path, body=content, headers=dict(headers))
            answer = connection.getresponse()
            body = answer.read()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, body
        except (OSError, http.client.HTTPException):
            return 0, {}, b""
        finally:
            connection.close()

    def ask(self, method: str, path: str, body: Any = None, *, within_s: float = 300.0) -> Any:
        """Send JSON again and again until the service has an answer; give it."""
        content = None if body is None else json.dumps(body).encode()
        kind = {} if body is None else {"Content-Type": "application/json"}
        ends_s = time.monotonic() + within_s
        while True:
            status, _, answer = self.request(method, path, kind, content)
            if 200 <= status < 300:
                return json.loads(answer)
            if status and status < 500:
                raise AssertionError(f"{method} {path}: {status} {answer.decode()}")
            assert time.monotonic() < ends_s, f"{method} {path}: {status}\n{self.log('api')}"
            time.sleep(0.1)

    def _start_tenken(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        return self._start(name, [sys.executable, "-c", SERVE, *words], self.environment)

    def _start(
        self, name: str, words: Sequence[str], environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as output:
            return subprocess.Popen(
                words, env=environment, stdout=output, stderr=output, start_new_session=True
            )

    def _start_postgresql(self) -> subprocess.Popen[bytes]:
        owner = postgis._unprivileged_user()
        programs, folder = postgis.find_programs(), self.folder / "pg"
        network = [f"listen_addresses={','.join(self.addresses)}", f"port={self.postgresql_port}"]
        settings = [word for setting in (*DURABLE, *network) for word in ("-c", setting)]
        ends_s = time.monotonic() + START_S
        while True:  # what is left of the one that was killed may still be letting go
            with (self.folder / "postgresql.log").open("ab") as output:
                process = subprocess.Popen(
                    [programs / "postgres", "-D", folder / "rows", "-k", folder, *settings],
                    user=owner, group=owner, cwd="/", stdout=output, stderr=output,
                    start_new_session=True,
                )  # fmt: skip
            while process.poll() is None:
                with suppress(psycopg.OperationalError):
                    psycopg.connect(
                        host=str(folder),
                        port=self.postgresql_port,
                        user=postgis.USER,
                        dbname="postgres",
                    ).close()
                    return process
                assert time.monotonic() < ends_s, self.log("postgresql")
                time.sleep(0.05)
            assert time.monotonic() < ends_s, self.log("postgresql")
            time.sleep(0.2)


@contextmanager
def running_cluster(
    names: Sequence[str] = ("redis", "api", "worker"), addresses: Sequence[str] = ()
) -> Iterator[Cluster]:
    """Start PostgreSQL and what is named; end and remove everything when the context ends."""
    folder = Path(tempfile.mkdtemp(prefix="tenken-"))  # short: a socket path has 107 bytes
    folder.chmod(0o755)
    cluster = Cluster(
        folder=folder,
        redis_port=free_port(),
        api_port=free_port(),
        postgresql_port=5432 if not addresses else free_port(),
        addresses=addresses,
    )
    owner, rows = postgis._unprivileged_user(), folder / "pg"
    rows.mkdir()
    if owner is not None:
        shutil.chown(rows, owner)
    try:
        initdb = postgis.find_programs() / "initdb"
        arguments = [initdb, "-D", rows / "rows", "-U", postgis.USER, "-A", "trust", "-N"]
        postgis._run([*arguments, "--locale=C.UTF-8"], owner)
        with (rows / "rows" / "pg_hba.conf").open("a") as rules:
            rules.writelines(f"host all all {address}/24 trust\n" for address in addresses)
        cluster.start("postgresql")
        with psycopg.connect(
            host=str(rows),
            port=cluster.postgresql_port,
            user=postgis.USER,
            dbname="postgres",
            autocommit=True,
        ) as connection:
            connection.execute("CREATE DATABASE tenken TEMPLATE template0")
        for name in names:
            cluster.start(name)
        yield cluster
    finally:
        for name in reversed(list(cluster.processes)):  # who needs another one was started later
            cluster.kill(name)
        shutil.rmtree(folder, ignore_errors=True)
