"""Command group ``tenken flight``: plan, verify, fly and close a flight."""

import click


@click.group()
def flight() -> None:
    """Plan a flight from the damage that must be seen, verify it, and close it with its log."""
