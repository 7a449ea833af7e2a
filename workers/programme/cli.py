"""Command group ``tenken programme``."""

import click

from workers.programme.costs import costs
from workers.programme.export import export
from workers.programme.forecast import estimate, forecast, picture
from workers.programme.model import model
from workers.programme.network import network
from workers.programme.plan import list_, plan, show, whatif
from workers.programme.rank import explain, rank


@click.group()
def programme() -> None:
    """Rank assets, and draw up what is repaired in which year.

    \b
    Examples:
      tenken programme rank --top 20
      tenken programme costs import prices.csv
      tenken programme plan R9-13 --first-year 2027 --budget 120M
    """  # noqa: D301 click needs the character itself


for command in (
    rank,
    explain,
    model,
    costs,
    network,
    plan,
    show,
    list_,
    whatif,
    estimate,
    forecast,
    picture,
    export,
):
    programme.add_command(command)
