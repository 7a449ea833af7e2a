"""Command group ``tenken measure``."""

import click

from workers.measure.board import board_group
from workers.measure.crackratio import crackratio
from workers.measure.image import image_command
from workers.measure.pattern import pattern
from workers.measure.proof import capability, growth
from workers.measure.widths import widths_command


@click.group()
def measure() -> None:
    """Measure damage, and prove what could have been measured.

    \b
    Examples:
      tenken measure capability out/bridge-12 --width-mm 0.2
      tenken measure growth out/2024 out/2029
    """  # noqa: D301 (click needs the character, not the backslash)


measure.add_command(capability)
measure.add_command(growth)
measure.add_command(crackratio)
measure.add_command(pattern)
measure.add_command(widths_command)
measure.add_command(image_command)
measure.add_command(board_group)
