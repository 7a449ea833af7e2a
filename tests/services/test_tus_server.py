"""A real service is killed while photos arrive in pieces; every one arrives whole, and once."""

import hashlib
import http.client
import itertools
import random
import signal
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from inspection.store import keys
from inspection.store.blobs import FolderBlobs
from tests.support.server import RunningServer, running_server
from tests.support.tus import TusClient, photo

pytestmark = [pytest.mark.services, pytest.mark.timeout(3600)]

PIECE_BYTES = 8_000
KILLS = 3


def sender(server: RunningServer) -> TusClient:
    asset = {"asset_id": "quay-1", "name": "Quay"}
    server.call("/api/assets", method="POST", body=asset)
    described = {"asset_id": "quay-1", "surface": "strip", "gsd_mm_per_px": 2.0}
    _, survey = server.call("/api/surveys", method="POST", body=described)
    return TusClient(send=lambda *_: (0, {}), survey_id=survey["survey_id"])


def over(base_url: str, survey_id: object) -> TusClient:
    """Speak to a running service; what breaks the connection comes back as status 0."""
    place = urlsplit(base_url)

    def send(
        method: str, path: str, headers: Mapping[str, str], content: bytes | None
    ) -> tuple[int, Mapping[str, str]]:
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=120)
        try:
            connection.request(method, path, body=content, headers=dict(headers))
            answer = connection.getresponse()
            answer.read()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}
        except OSError:
            return 0, {}
        except http.client.HTTPException:
            return 0, {}
        finally:
            connection.close()

    return TusClient(send=send, survey_id=survey_id)


def killing(tus: TusClient, server: RunningServer, request: int, late_s: float) -> TusClient:
    """Have the service killed in the middle of a request, or of the next one."""
    left = itertools.count(request - 1, -1)

    def send(*sent: Any) -> tuple[int, Mapping[str, str]]:
        if next(left) == 0:
            threading.Timer(late_s, server.process.kill).start()
        return tus.send(*sent)

    return replace(tus, send=send)


def push_on(tus: TusClient, path: str, content: bytes, *, pieces: int) -> bool:
    """Send some more pieces from where the service is; tell whether all has arrived."""
    for _ in range(pieces):
        status, answered = tus.send("HEAD", path, {"Tus-Resumable": "1.0.0"}, None)
        if status != 200:
            return False
        at = int(answered["upload-offset"])
        if at == len(content):
            return True
        if tus.piece(path, at, content[at : at + PIECE_BYTES])[0] != 204:
            return False
    return False


def test_a_service_killed_again_and_again_gets_every_photo_once(tmp_path: Path) -> None:
    home, order = tmp_path / "home", random.Random(5)
    photos = {f"P{number}.JPG": photo(number, 260) for number in range(6)}
    paths: dict[str, str] = {}
    done: set[str] = set()
    survey_id: object = None
    for kill_after in (*(order.randrange(8, 30) for _ in range(KILLS)), None):
        with running_server(home, worker=False) as server:
            survey_id = survey_id or sender(server).survey_id
            tus = over(server.base_url, survey_id)
            if kill_after is not None:
                tus = killing(tus, server, kill_after, order.uniform(0.0, 0.005))
            while len(done) < len(photos) and server.process.poll() is None:
                name = order.choice(sorted(set(photos) - done))
                with suppress(AssertionError):  # it was killed while the upload began
                    paths[name] = paths.get(name) or tus.begin(name, photos[name])
                    if push_on(tus, paths[name], photos[name], pieces=order.randrange(1, 5)):
                        done.add(name)
            if kill_after is None:
                _check(server, survey_id, photos, paths)
            else:
                assert server.process.wait(120) == -signal.SIGKILL
                assert len(done) < len(photos), "killed too late to mean anything"
    blobs = FolderBlobs(home / "blobs")
    assert list(blobs.keys(keys.UPLOADS)) == []
    kept = [hashlib.sha256(blobs.read_bytes(key)).hexdigest() for key in blobs.keys("photos/")]
    assert sorted(kept) == sorted(hashlib.sha256(one).hexdigest() for one in photos.values())


def _check(
    server: RunningServer, survey_id: object, photos: Mapping[str, bytes], paths: Mapping[str, str]
) -> None:
    _, survey = server.call(f"/api/surveys/{survey_id}")
    assert survey["photo_count"] == len(photos)
    assert survey["rejections"] == []
    for name, content in photos.items():
        _, told = server.call(paths[name])
        assert told["state"] in {"stored", "already_here"}
        sha256 = hashlib.sha256(content).hexdigest()
        assert told["sha256"] == sha256
        _, sent_back = server.call(f"/api/surveys/{survey_id}/photos/{sha256}")
        assert sent_back == content


def test_what_arrived_before_the_connection_broke_counts(tmp_path: Path) -> None:
    content = photo(9, 500)
    with running_server(tmp_path / "home", worker=False) as server:
        tus = over(server.base_url, sender(server).survey_id)
        path, place = tus.begin("a.jpg", content), urlsplit(server.base_url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=120)
        connection.putrequest("PATCH", path)
        for name, value in {
            "Tus-Resumable": "1.0.0", "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream", "Content-Length": str(len(content)),
        }.items():  # fmt: skip
            connection.putheader(name, value)
        connection.endheaders()
        connection.send(content[:100_000])
        connection.close()
        ends_s = time.monotonic() + 120
        while (at := tus.offset(path)) < 100_000:
            assert time.monotonic() < ends_s, server.tail()
            time.sleep(0.05)
        assert at == 100_000
        assert push_on(tus, path, content, pieces=1 + len(content) // PIECE_BYTES)
        assert server.call(path)[1]["state"] == "stored"
        assert "incident" not in server.tail()
