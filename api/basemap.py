"""Say which background maps pages may fetch from elsewhere: none, unless the operator names some.

Whoever serves tiles learns where somebody looks. So nothing is fetched without the operator's wish,
and browsers are allowed exactly these origins and no other (Content Security Policy).
"""

import json
import re
from collections.abc import Sequence
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from api.door import LOOPBACK_NAMES
from inspection.errors import BadInput

BASEMAPS_MOST = 10
HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
"""Names of hosts as browsers write them; a policy could not carry anything else safely."""

Line = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Basemap(BaseModel):
    """Describe one background map of square tiles in Web Mercator.

    Attributes:
        name: what people choose.
        url: address of a tile with {z}, {x} and {y}.
        attribution: what its licence wants to be said on the map.
        link: where more is said about it; None for nothing.
        max_zoom: finest level that there are tiles of.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Line
    url: str = Field(max_length=500)
    attribution: Line
    link: str | None = Field(default=None, max_length=500)
    max_zoom: int = Field(default=18, ge=0, le=24)

    @model_validator(mode="after")
    def _check(self) -> Self:
        for mark in ("{z}", "{x}", "{y}"):
            if self.url.count(mark) != 1:
                raise ValueError(f"url must have {mark} once, got {self.url!r}")
        origin_of(self.url)
        if self.link is not None:
            origin_of(self.link)
        return self

    @property
    def origin(self) -> str:
        """Name the origin of the tiles."""
        return origin_of(self.url)


def origin_of(url: str) -> str:
    """Name scheme, host and port of an address that a browser may fetch from.

    Raises:
        ValueError: when it is no https address (http on this machine), or names no plain host.

    >>> origin_of("https://cyberjapandata.gsi.go.jp/xyz/std/{z}/{x}/{y}.png")
    'https://cyberjapandata.gsi.go.jp'
    """
    if not url.isascii() or any(char.isspace() or char in "\"'<>;," for char in url):
        raise ValueError(f"{url!r} is no address in ASCII without blanks and quotes")
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    if HOST.fullmatch(host) is None or parts.username is not None:
        raise ValueError(f"{url!r} names no host; write it like https://tiles.example.jp/…")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in LOOPBACK_NAMES):
        raise ValueError(f"{url!r} is not https")
    return f"{parts.scheme}://{host}" + ("" if port is None else f":{port}")


def read_basemaps(text: str | None) -> tuple[Basemap, ...]:
    """Read what the operator wrote into ``TENKEN_BASEMAPS``.

    Raises:
        BadInput: when it is no list of background maps, with what is wrong with which.
    """
    if text is None or not text.strip():
        return ()
    try:
        found = TypeAdapter(list[Basemap]).validate_python(json.loads(text))
    except json.JSONDecodeError as error:
        raise BadInput(
            f"TENKEN_BASEMAPS is no JSON ({error}); docs/background-maps.md has an example"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise BadInput(
            f"TENKEN_BASEMAPS, {where}: {first['msg']}; docs/background-maps.md has an example"
        ) from error
    names = [one.name for one in found]
    if len(found) > BASEMAPS_MOST or len(set(names)) != len(names):
        raise BadInput(
            f"TENKEN_BASEMAPS names at most {BASEMAPS_MOST} maps, each by another name: {names}"
        )
    return tuple(found)


def origins(basemaps: Sequence[Basemap]) -> tuple[str, ...]:
    """Name every origin that browsers may fetch tiles from, each once."""
    return tuple(dict.fromkeys(one.origin for one in basemaps))
