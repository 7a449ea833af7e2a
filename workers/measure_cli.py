"""Commands ``tenken measure``: widths and what they are worth, without a survey."""

import click

from workers.measure_image import image_command
from workers.measure_widths import widths_command


@click.group()
def measure() -> None:
    """Measure crack widths in profiles and photos, each with its uncertainty."""


measure.add_command(widths_command)
measure.add_command(image_command)
