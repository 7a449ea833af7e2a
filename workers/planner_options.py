"""Options that the planner's commands share, and how they open the store."""

import json
import math
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine

from inspection.domain.assetsheet import LedgerEntry
from inspection.domain.eradate import day_in_japan, fiscal_year
from inspection.errors import BadInput
from inspection.pipeline.tools import SystemClock
from inspection.settings import StoreSettings
from inspection.store import schema
from inspection.store.blobstore import Blobs, blobs_of
from inspection.store.engine import create_engine

LANGUAGES = click.Choice(["ja", "en"])

home_option = click.option(
    "--home", type=click.Path(path_type=Path, file_okay=False), help="Folder of rows and blobs."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
lang_option = click.option(
    "--lang", type=LANGUAGES, default="en", show_default=True, help="Language of the words."
)
today_option = click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day for which ages and due dates are told.  [default: today]",
)
model_option = click.option(
    "--model",
    default="priority_v1",
    show_default=True,
    help="Priority model, as NAME or NAME/VERSION.",
)
by_option = click.option("--by", required=True, help="Who decides this.")
note_option = click.option("--note", default="", help="Why.")


def settings(home: Path | None) -> StoreSettings:
    """Choose the store; a home folder on the command line wins over the environment."""
    return (
        StoreSettings()
        if home is None
        else StoreSettings(home=home, database_url=None, blobs_url=None)
    )


def open_engine(home: Path | None) -> Engine:
    """Open the database, led to the version that this program needs."""
    url = settings(home).resolved_database_url()
    schema.upgrade(url)
    return create_engine(url)


def open_blobs(home: Path | None) -> Blobs:
    """Open the files."""
    return blobs_of(settings(home))


def present_year(today: datetime | None) -> int:
    """Give the fiscal year of a day, or of today."""
    return fiscal_year(present_day(today))


def present_day(today: datetime | None) -> date:
    """Give a day, or today."""
    return day_in_japan(SystemClock().now()) if today is None else today.date()


def print_json(content: Any) -> None:  # noqa: ANN401 plain values
    """Print plain values for programs; infinity is null, for JSON has no word for it."""
    click.echo(json.dumps(finite(content), ensure_ascii=False, indent=2, default=str))


def finite(value: Any) -> Any:  # noqa: ANN401 plain values
    """Give plain values with null for what is no finite number.

    >>> finite({"a": [1.5, float("inf")]})
    {'a': [1.5, None]}
    """
    if isinstance(value, Mapping):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_lonlat(text: str) -> tuple[float, float]:
    """Read ``LAT,LON`` in degrees; give longitude first.

    Raises:
        BadInput: when it is no position.

    >>> read_lonlat("36.5,136.6")
    (136.6, 36.5)
    """
    try:
        lat, lon = (float(part) for part in text.split(","))
    except ValueError as error:
        raise BadInput(f"{text!r} is no position; write LAT,LON such as 36.56,136.65") from error
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise BadInput(f"{text!r} is no position: latitude comes first, then longitude")
    return lon, lat


def read_weights(text: str) -> dict[str, float]:
    """Read ``L=0.4,C=0.5,T=0.1``.

    Raises:
        BadInput: when a weight is no number, or stands there twice.

    >>> read_weights("L=0.4,C=0.5,T=0.1")
    {'L': 0.4, 'C': 0.5, 'T': 0.1}
    """
    found = {}
    for pair in text.split(","):
        name, _, value = pair.partition("=")
        part = name.strip().upper()
        if part in found:
            raise BadInput(f"{text!r} gives two weights of {part}")
        try:
            found[part] = float(value)
        except ValueError as error:
            raise BadInput(f"{text!r} must be such as L=0.4,C=0.5,T=0.1") from error
    return found


def title(entry: LedgerEntry | None) -> str:
    """Name an asset for people; empty when the ledger does not know it."""
    return "" if entry is None else entry.asset.name
