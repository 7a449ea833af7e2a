"""Command group ``tenken flight``: plan, verify, fly and close a flight."""

import click

from flight.check_cli import check
from flight.convert_cli import convert
from flight.draw_cli import draw
from flight.fly_cli import fly_command
from flight.gaps_cli import gaps
from flight.geotag_cli import geotag
from flight.log_cli import log
from flight.planning_cli import capability_command, plan
from flight.repeat_cli import repeat
from flight.simulate_cli import simulate
from flight.upload_cli import upload_command


@click.group()
def flight() -> None:
    """Plan a flight from the damage that must be seen, verify it, and close it with its log."""


flight.add_command(capability_command)
flight.add_command(convert)
flight.add_command(check)
flight.add_command(gaps)
flight.add_command(repeat)
flight.add_command(draw)
flight.add_command(plan)
flight.add_command(upload_command)
flight.add_command(fly_command)
flight.add_command(simulate)
flight.add_command(geotag)
flight.add_command(log)
