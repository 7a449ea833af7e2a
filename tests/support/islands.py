"""Islands: network namespaces that are joined to this machine by one cable each, which can be cut.

Needs root and a kernel that lets it make namespaces; ``why_not`` says what is missing. Addresses
are of RFC 2544, which are for tests of networks and reach nobody.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


@dataclass(frozen=True, kw_only=True)
class Island:
    """Name an island and both ends of its cable.

    Attributes:
        name: of the namespace.
        cable: the end here.
        mainland: address here.
        address: address there.
    """

    name: str
    cable: str
    mainland: str
    address: str

    @property
    def inside(self) -> list[str]:
        """Give the words that run a command on the island."""
        return ["ip", "netns", "exec", self.name]

    def cut(self) -> None:
        """Cut the cable: nothing that is sent arrives, and nobody is told."""
        _ip("link", "set", self.cable, "down")

    def mend(self) -> None:
        """Join the cable again."""
        _ip("link", "set", self.cable, "up")


@contextmanager
def island(number: int) -> Iterator[Island]:
    """Make an island, numbered 0 to 255; remove it at the end."""
    mark = f"{os.getpid() % 100_000}{number}"
    made = Island(
        name=f"tenken-{mark}",
        cable=f"tk{mark}",
        mainland=f"198.18.{number}.1",
        address=f"198.18.{number}.2",
    )
    _ip("netns", "add", made.name)
    try:
        _ip("link", "add", made.cable, "type", "veth", "peer", "name", "eth0", "netns", made.name)
        _ip("addr", "add", f"{made.mainland}/30", "dev", made.cable)
        _ip("link", "set", made.cable, "up")
        for words in (
            ["link", "set", "lo", "up"],
            ["addr", "add", f"{made.address}/30", "dev", "eth0"],
            ["link", "set", "eth0", "up"],
        ):
            _ip("-n", made.name, *words)
        yield made
    finally:
        subprocess.run(["ip", "netns", "del", made.name], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", made.cable], check=False, capture_output=True)


@contextmanager
def islands(count: int) -> Iterator[list[Island]]:
    """Make so many islands; remove them at the end."""
    with ExitStack() as stack:
        yield [stack.enter_context(island(number)) for number in range(count)]


def why_not() -> str | None:
    """Say why no island can be made here; None when one can."""
    if shutil.which("ip") is None:
        return "the program ip (iproute2) is needed for network namespaces and was not found"
    if os.geteuid() != 0:
        return "network namespaces need root"
    try:
        with island(255):
            return None
    except subprocess.CalledProcessError as error:
        return f"network namespaces are not permitted here: {error.stderr.strip()}"
