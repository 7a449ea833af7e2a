"""A small NodeODM over real HTTP: the documented API, with a photogrammetry that a test chose.

It keeps what the real one promises: names of tasks may be given and are not given twice, an upload
counts from its commit, a task is queued, runs and ends, results are archives with the paths of ODM.
Source: NodeODM API 2.2 (docs/index.adoc of OpenDroneMap/NodeODM).
"""

import email
import email.policy
import io
import json
import re
import threading
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

QUEUED, RUNNING, FAILED, COMPLETED, CANCELED = 10, 20, 30, 40, 50

Make = Callable[[Mapping[str, bytes], Mapping[str, object]], Mapping[str, bytes]]
"""Photogrammetry: files by name and options in, results by path out."""


@dataclass
class Job:
    """One task of the node."""

    name: str
    options: dict[str, object]
    outputs: list[str]
    files: dict[str, bytes] = field(default_factory=dict)
    status: int = QUEUED
    progress: float = 0.0
    error: str = ""
    results: Mapping[str, bytes] = field(default_factory=dict)
    asked: int = 0
    output: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class FakeNode:
    """Hold what the node has and does.

    Attributes:
        make: the photogrammetry.
        token: to be sent with every request; empty for none.
        polls: how often a task is asked for before it is done.
        fail_first: how many tasks end in failure.
        silent: requests that are cut off without an answer from now on.
    """

    make: Make
    token: str = ""
    polls: int = 3
    fail_first: int = 0
    silent: int = 0
    url: str = ""
    fell_over: bool = False
    half: dict[str, Job] = field(default_factory=dict)
    tasks: dict[str, Job] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, wanted: str | None, fields: Mapping[str, bytes]) -> dict[str, Any]:
        """Begin an upload, under a name that may be given."""
        name = wanted or str(uuid.uuid4())
        if name in self.tasks:
            return {"error": f"Invalid set-uuid: {name}"}
        if name in self.half:
            self.fell_over = True  # as NodeODM 2.2 does
        options = {row["name"]: row["value"] for row in json.loads(fields["options"])}
        outputs = json.loads(fields.get("outputs", b"[]"))
        self.half[name] = Job(name=fields["name"].decode(), options=options, outputs=outputs)
        return {"uuid": name}

    def take(self, name: str, files: list[tuple[str, str | None, bytes]]) -> dict[str, Any]:
        """Take files of an upload."""
        if name not in self.half:
            return {"error": "Invalid uuid (not found)"}
        if not files:
            return {"error": "Need at least 1 file."}
        self.half[name].files.update({str(file): content for _, file, content in files})
        return {"success": True}

    def commit(self, name: str) -> dict[str, Any]:
        """Let an upload count."""
        job = self.half.pop(name, None)
        if job is None or not job.files:
            return {"error": "Not enough images"}
        if self.fail_first > 0:
            self.fail_first -= 1
            job.error = "Process exited with code 1"
            job.output = ["matching photos", "not enough overlap between the images"]
        self.tasks[name] = job
        return {"uuid": name}

    def info(self, name: str) -> dict[str, Any]:
        """Say how far a task is; each question brings it a step on."""
        job = self.tasks.get(name)
        if job is None:
            return {"error": f"{name} not found"}
        job.asked += 1
        if job.status in (QUEUED, RUNNING):
            job.status, job.progress = RUNNING, min(95.0, 100.0 * job.asked / self.polls)
            if job.asked >= self.polls and job.error:
                job.status = FAILED
            elif job.asked >= self.polls:
                job.results, job.status, job.progress = self._made(job), COMPLETED, 100.0
        status: dict[str, object] = {"code": job.status}
        if job.status == FAILED:
            status["errorMessage"] = job.error
        return {
            "uuid": name,
            "name": job.name,
            "dateCreated": 1_780_000_000_000,
            "processingTime": 1000,
            "status": status,
            "options": [{"name": n, "value": v} for n, v in job.options.items()],
            "imagesCount": len(job.files),
            "progress": job.progress,
        }

    def archive(self, name: str) -> bytes:
        """Pack the results of a task."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for path, one in self.tasks[name].results.items():
                archive.writestr(path, one)
        return content.getvalue()

    def _made(self, job: Job) -> Mapping[str, bytes]:
        made = self.make(job.files, job.options)
        return {path: one for path, one in made.items() if not job.outputs or path in job.outputs}


def _form(kind: str, body: bytes) -> list[tuple[str, str | None, bytes]]:
    """Read a multipart form: name, file name, content; empty when it is none."""
    if not kind.startswith("multipart/"):
        return []
    head = f"Content-Type: {kind}\r\n\r\n".encode()
    message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    parts = []
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        name = part.get_param("name", header="content-disposition")
        parts.append((str(name), part.get_filename(), content))
    return parts


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    node: FakeNode

    def log_message(self, *_words: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer what is asked."""
        self._answer(None)

    def do_POST(self) -> None:
        """Answer what is sent."""
        self._answer(self.rfile.read(int(self.headers.get("content-length", 0))))

    def _answer(self, body: bytes | None) -> None:
        asked = urlparse(self.path)
        with self.node.guard:
            self.node.requests.append(f"{self.command} {asked.path}")
            if self.node.silent > 0:
                self.node.silent -= 1
                self.close_connection = True
                self.connection.close()
                return
            if self.node.token and parse_qs(asked.query).get("token") != [self.node.token]:
                self._send(401, json.dumps({"error": "Invalid token"}).encode())
                return
            status, content, kind = self._content(asked.path, body)
        self._send(status, content, kind)

    def _content(self, path: str, body: bytes | None) -> tuple[int, bytes, str]:
        node = self.node
        if found := re.fullmatch(r"/task/([0-9a-f-]+)/download/all\.zip", path):
            return 200, node.archive(found[1]), "application/zip"
        if path == "/info":
            told: Any = {"version": "2.2.1", "engine": "odm", "taskQueueCount": len(node.tasks)}
        elif path == "/task/new/init":
            assert body is not None
            form = {name: content for name, _, content in _form(self.headers["content-type"], body)}
            told = node.begin(self.headers.get("set-uuid"), form)
        elif found := re.fullmatch(r"/task/new/upload/([0-9a-f-]+)", path):
            told = node.take(found[1], _form(self.headers.get("content-type", ""), body or b""))
        elif found := re.fullmatch(r"/task/new/commit/([0-9a-f-]+)", path):
            told = node.commit(found[1])
        elif found := re.fullmatch(r"/task/([0-9a-f-]+)/info", path):
            told = node.info(found[1])
        elif found := re.fullmatch(r"/task/([0-9a-f-]+)/output", path):
            told = node.tasks[found[1]].output
        else:
            return 404, b'{"error": "no such address"}', "application/json"
        return 200, json.dumps(told).encode(), "application/json"

    def _send(self, status: int, content: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def running_node(node: FakeNode) -> Iterator[FakeNode]:
    """Let a node listen on loopback for as long as the context lasts; its address is in ``url``."""
    handler = type("Handler", (_Handler,), {"node": node})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        secret = f"?token={node.token}" if node.token else ""
        node.url = f"http://127.0.0.1:{server.server_address[1]}/{secret}"
        try:
            yield node
        finally:
            server.shutdown()
            thread.join()
