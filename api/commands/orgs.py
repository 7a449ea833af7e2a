"""Commands ``tenken orgs``: the tenants, a prefecture and its cities, and whose the assets are."""

import json
from pathlib import Path

import click

from api.commands.users import changing, home_option, looking
from inspection.domain.account import Organisation
from inspection.store import organisations
from inspection.store.scope import HOME


@click.group()
def orgs() -> None:
    """Say which organisations work here. One sees what those below it have, never those beside."""


@orgs.command()
@click.argument("organisation_id")
@click.option("--name", required=True, help="As people write it.")
@click.option("--parent", default=HOME, show_default=True, help="Organisation that sees its rows.")
@home_option
def add(*, organisation_id: str, name: str, parent: str, home: Path | None) -> None:
    """Add an organisation.

    Example: tenken orgs add kanazawa --name 金沢市
    """
    with changing(home) as desk:
        added = Organisation(organisation_id=organisation_id, name=name, parent_id=parent)
        organisations.add(desk.connection, added)
        desk.note("orgs add", f"organisation {organisation_id}", organisation_id)
    click.echo(f"{organisation_id} ({name}) is part of {parent}")


@orgs.command()
@click.argument("organisation_id")
@click.option("--name", required=True, help="As people write it.")
@home_option
def rename(*, organisation_id: str, name: str, home: Path | None) -> None:
    """Change what an organisation is called.

    Example: tenken orgs rename home --name 石川県
    """
    with changing(home) as desk:
        organisations.rename(desk.connection, organisation_id, name)
        desk.note("orgs rename", f"organisation {organisation_id}", organisation_id)
    click.echo(f"{organisation_id} is called {name}")


@orgs.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@home_option
def list_(*, as_json: bool, home: Path | None) -> None:
    """List organisations with the number of their assets.

    Example: tenken orgs list
    """
    with looking(home) as connection:
        counts = organisations.asset_counts(connection)
        rows = [
            {
                "organisation_id": one.organisation_id,
                "name": one.name,
                "parent_id": one.parent_id,
                "assets": counts.get(one.organisation_id, 0),
            }
            for one in organisations.everyone(connection)
        ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        below = f"  part of {row['parent_id']}" if row["parent_id"] else ""
        click.echo(f"{row['organisation_id']}  {row['name']}{below}  {row['assets']} assets")


@orgs.command()
@click.argument("organisation_id")
@click.argument("asset_ids", nargs=-1, required=True)
@home_option
def give(*, organisation_id: str, asset_ids: tuple[str, ...], home: Path | None) -> None:
    """Give assets, with their surveys and defects, to an organisation.

    Example: tenken orgs give kanazawa bridge-12 bridge-13
    """
    given = tuple(dict.fromkeys(asset_ids))
    with changing(home) as desk:
        before = organisations.asset_counts(desk.connection).get(organisation_id, 0)
        organisations.give(desk.connection, organisation_id, given)
        for asset_id in given:
            desk.note("orgs give", f"assets {asset_id}", organisation_id)
        after = organisations.asset_counts(desk.connection).get(organisation_id, 0)
    click.echo(f"{organisation_id} has {after - before} more assets")
