"""Command group ``tenken flight``: plan, verify, fly and close a flight."""

import click

from flight.geotag_cli import geotag
from flight.log_cli import log


@click.group()
def flight() -> None:
    """Plan a flight from the damage that must be seen, verify it, and close it with its log."""


flight.add_command(geotag)
flight.add_command(log)
