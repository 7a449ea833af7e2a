"""Command group ``tenken measure``."""

import click

from workers.measure_crackratio import crackratio
from workers.measure_pattern import pattern
from workers.measure_proof import capability, growth


@click.group()
def measure() -> None:
    r"""Measure damage, and prove what could have been measured.

    \b
    Examples:
      tenken measure capability out/bridge-12 --width-mm 0.2
      tenken measure growth out/2024 out/2029
    """


measure.add_command(capability)
measure.add_command(growth)
measure.add_command(crackratio)
measure.add_command(pattern)
