"""Command group ``tenken flight``: plan, verify, fly and close a flight."""

import click

from flight.convert_cli import convert
from flight.draw_cli import draw
from flight.planning_cli import capability_command, plan


@click.group()
def flight() -> None:
    """Plan a flight from the damage that must be seen, verify it, and close it with its log."""


flight.add_command(capability_command)
flight.add_command(convert)
flight.add_command(draw)
flight.add_command(plan)
