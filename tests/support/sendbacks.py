"""Send inspections back, and answer, as somebody does who has just read them."""

from typing import Any

from sqlalchemy import Connection

from inspection.domain.inspectionrecord import digest, to_plain
from inspection.pipeline.approve import Seen
from inspection.pipeline.examine import would_be
from inspection.pipeline.sendback import resubmit, send_back
from inspection.store import releases


def send_back_as_read(connection: Connection, asset_id: str, year: int, **words: Any) -> Any:
    """Send back what is there."""
    record = would_be(connection, asset_id, year)
    assert record is not None
    seen = Seen(version=version_of(connection, asset_id, year), sha256=digest(to_plain(record)))
    return send_back(connection, asset_id, year, seen=seen, **words)


def resubmit_as_read(connection: Connection, asset_id: str, year: int, **words: Any) -> Any:
    """Answer what was sent back."""
    expected = version_of(connection, asset_id, year)
    return resubmit(connection, asset_id, year, expected_version=expected, **words)


def version_of(connection: Connection, asset_id: str, year: int) -> int:
    """Give the version of a release, 0 where there is none."""
    release = releases.find(connection, asset_id, year)
    return 0 if release is None else release.version
