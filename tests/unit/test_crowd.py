"""The crowd of the load benchmark: it counts what happened, and notices every failure."""

import http.server
import threading
from collections.abc import Iterator

import pytest

from tests.benchmarks import load
from tests.support.crowd import Client, Tally, crowd
from tests.support.installation import share


class Desk(http.server.BaseHTTPRequestHandler):
    """Answer with a length, in chunks, with an error, or not at all."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/gone":
            self.close_connection = True
            return
        status = 500 if self.path == "/broken" else 200
        self.send_response(status)
        if self.path == "/chunks":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n")
            return
        self._end(b"hello")

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self._end(content[::-1])

    def _end(self, content: bytes) -> None:
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Desk) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_answers_of_every_form_are_read_over_one_connection(address: str) -> None:
    seen: list[bytes | None] = []

    async def behave(client: Client, _number: int) -> None:
        for path in ("/", "/chunks", "/"):
            answer = await client.ask("look", path)
            seen.append(None if answer is None else answer.content)
        answer = await client.ask("edit", "/x", body=b"abc", wanted=(201,))
        seen.append(None if answer is None else answer.content)

    tally, took_s = crowd(address, clients=1, seconds=0.05, behave=behave)
    assert seen[:4] == [b"hello", b"abcde", b"hello", b"cba"]
    assert tally.errors == [] and took_s >= 0.05
    assert len(tally.seconds["look"]) == 3 * len(tally.seconds["edit"])
    assert len(tally.everything()) == len(seen)


def test_an_error_and_a_broken_connection_are_counted_and_the_crowd_goes_on(address: str) -> None:
    async def behave(client: Client, number: int) -> None:
        await client.ask("look", ("/broken", "/gone", "/")[number])

    tally, _ = crowd(address, clients=3, seconds=0.3, behave=behave)
    broken = [error for error in tally.errors if "/broken: 500 hello" in error]
    gone = [error for error in tally.errors if "/gone" in error]
    assert broken and gone and len(broken) + len(gone) == len(tally.errors)
    assert len(tally.seconds["look"]) > len(broken)


def test_nobody_there_is_an_error() -> None:
    async def behave(client: Client, _number: int) -> None:
        assert await client.ask("look", "/") is None

    tally, _ = crowd("http://127.0.0.1:1", clients=1, seconds=0.02, behave=behave)
    assert tally.errors and tally.everything() == []


def test_shares_are_values_that_were_measured() -> None:
    values = [float(n) for n in range(1, 101)]
    assert (share(values, 0.5), share(values, 0.95), share(values, 1.0)) == (50.0, 95.0, 100.0)
    assert share([7.0], 0.95) == 7.0


def test_the_table_names_errors(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally(seconds={"edit": [0.1, 0.2]}, errors=["edit /x: 500 why"])
    load.told("mixed", tally, 2.0)
    printed = capsys.readouterr().out
    assert "mixed: 1 requests/s, 1 errors" in printed and "edit /x: 500 why" in printed
    assert "p50    100 ms" in printed and "load average" in printed
