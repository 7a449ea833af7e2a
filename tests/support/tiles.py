"""Serve map tiles on this machine, so that a page has something to fetch from elsewhere."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from PIL import Image


class Tiles(BaseHTTPRequestHandler):
    """Serve the same square for every tile, and remember for whom."""

    asked: ClassVar[list[str]] = []
    square = io.BytesIO()
    Image.new("RGB", (256, 256), (205, 224, 200)).save(square, "PNG")

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.end_headers()
        self.wfile.write(self.square.getvalue())

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@contextmanager
def running_tiles() -> Iterator[str]:
    """Serve for as long as the context lasts; give the address, which is not the service's."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Tiles) as serving:
        thread = threading.Thread(target=serving.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()
        thread.join()
