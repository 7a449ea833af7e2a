"""Command group ``tenken flight``: plan, verify, fly and close a flight."""

import click

from flight.commands.check import check
from flight.commands.convert import convert
from flight.commands.draw import draw
from flight.commands.fly import fly_command
from flight.commands.gaps import gaps
from flight.commands.geotag import geotag
from flight.commands.log import log
from flight.commands.planning import capability_command, plan
from flight.commands.repeat import repeat
from flight.commands.simulate import simulate
from flight.commands.upload import upload_command


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
