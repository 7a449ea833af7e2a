"""Send a file in pieces as a tus client does, over anything that sends requests."""

import base64
import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

OFFSET_TYPE = "application/offset+octet-stream"
RESUMABLE = {"Tus-Resumable": "1.0.0"}

Send = Callable[[str, str, Mapping[str, str], bytes | None], tuple[int, Mapping[str, str]]]
"""Send (method, path, headers, content); give status and headers with lower-case names."""


def encoded(text: str) -> str:
    """Write a value of Upload-Metadata."""
    return base64.b64encode(text.encode()).decode()


def checksum(content: bytes, algorithm: str = "sha256") -> str:
    """Write Upload-Checksum for a piece."""
    digest = hashlib.new(algorithm, content, usedforsecurity=False).digest()
    return f"{algorithm} {base64.b64encode(digest).decode()}"


@dataclass(frozen=True, kw_only=True)
class TusClient:
    """Speak tus to one survey."""

    send: Send
    survey_id: object

    def begin(self, name: str, content: bytes, *, promise: bool = True, **more: str) -> str:
        """Begin an upload and give its path."""
        said = f"filename {encoded(name)}"
        if promise:
            said += f",sha256 {encoded(hashlib.sha256(content).hexdigest())}"
        headers = {**RESUMABLE, "Upload-Length": str(len(content)), "Upload-Metadata": said, **more}
        status, answered = self.send("POST", f"/api/surveys/{self.survey_id}/uploads", headers, b"")
        assert status == 201, answered
        return answered["location"]

    def offset(self, path: str) -> int:
        """Ask how much has arrived."""
        status, answered = self.send("HEAD", path, RESUMABLE, None)
        assert status == 200, status
        assert answered["cache-control"] == "no-store"
        return int(answered["upload-offset"])

    def piece(
        self, path: str, offset: int, content: bytes, **more: str
    ) -> tuple[int, Mapping[str, str]]:
        """Send a piece."""
        headers = {
            **RESUMABLE, "Upload-Offset": str(offset), "Content-Type": OFFSET_TYPE,
            **{name.replace("_", "-"): value for name, value in more.items()},
        }  # fmt: skip
        return self.send("PATCH", path, headers, content)

    def whole(self, name: str, content: bytes, *, piece_bytes: int = 50_000) -> str:
        """Send a file from its beginning to its end; give its path."""
        path = self.begin(name, content)
        for start in range(0, len(content), piece_bytes):
            status, answered = self.piece(path, start, content[start : start + piece_bytes])
            assert status == 204, (status, answered)
        return path


def client_sender(client: Any) -> Send:
    """Send by a test client of the application."""

    def send(
        method: str, path: str, headers: Mapping[str, str], content: bytes | None
    ) -> tuple[int, Mapping[str, str]]:
        answer = client.request(method, path, headers=dict(headers), content=content)
        return answer.status_code, {key.lower(): value for key, value in answer.headers.items()}

    return send


def photo(seed: int = 0, size_px: int = 160) -> bytes:
    """Render a small photo of nothing, another one for each seed."""
    noise = np.random.default_rng(seed).integers(0, 255, (size_px, size_px, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "JPEG", quality=95)
    return stream.getvalue()
