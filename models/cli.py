"""Commands ``tenken models``: from training to a registered, judged and timed model.

torch and Ultralytics (extra ``ml``) are imported only by the commands that need them.
"""

import click

from models.bench import bench
from models.commands.evaluate import evaluate_command
from models.commands.export import export_command
from models.commands.leave_out import leave_out_command
from models.commands.listing import list_command
from models.commands.matrix import matrix_command
from models.commands.predict import predict
from models.commands.quantise import quantise_command
from models.commands.recipe import recipe_command
from models.commands.register import register
from models.commands.thorough import thorough_command
from models.commands.train import train_command


@click.group()
def models() -> None:
    """Train, judge, time, export and list detection models."""


for command in (
    list_command,
    recipe_command,
    train_command,
    export_command,
    evaluate_command,
    thorough_command,
    quantise_command,
    register,
    predict,
    leave_out_command,
    matrix_command,
    bench,
):
    models.add_command(command)
