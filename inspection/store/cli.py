"""Command ``tenken db``: look after the tables of the database."""

import click
from sqlalchemy.engine import make_url

from inspection.settings import StoreSettings
from inspection.store import schema


@click.group()
def db() -> None:
    """Look after the database that TENKEN_DATABASE_URL names, an SQLite file unless set."""


@db.command()
def upgrade() -> None:
    """Make the tables, or lead them to the version that this program needs.

    Example: tenken db upgrade
    """
    url = StoreSettings().resolved_database_url()
    schema.upgrade(url)
    shown = make_url(url).render_as_string(hide_password=True)
    click.echo(f"{shown} is at version {schema.head()}")
