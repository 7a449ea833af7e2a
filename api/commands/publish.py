"""Command ``tenken publish``: the redaction gate, frozen months, figures, the catalogue."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from api.commands.assets import home_option, json_option
from api.commands.record import asset_argument, by_option, open_store, why_option, year_option
from api.commands.release_words import say_change, say_figures, say_redacted
from inspection.errors import Broken
from inspection.export.catalogue import Publisher
from inspection.pipeline.approve import approved_record
from inspection.pipeline.cataloguing import write_folder
from inspection.pipeline.publish import Gate, changes, make_ready, preview, publish, withdraw
from inspection.pipeline.snapshot import figures_today, freeze, verify
from inspection.pipeline.tools import SystemClock
from inspection.settings import PublisherSettings
from inspection.store import snapshots
from inspection.store.blobstore import blobs_of
from inspection.store.engine import create_engine, reading, writing

blur_option = click.option(
    "--blur", is_flag=True, help="Show the middle of a cell of about 1 km instead of the place."
)
hide_option = click.option(
    "--hide-damage", is_flag=True, help="Publish no single damages, only their number."
)
pictures_option = click.option(
    "--pictures",
    is_flag=True,
    help="A picture of each damage, blurred; see 'tenken privacy'. Without it photos stay inside.",
)


@click.group("publish")
def publish_group() -> None:
    """Publish approved inspections as open data. Only published ones get there."""


@publish_group.command("preview")
@asset_argument
@year_option
@blur_option
@hide_option
@pictures_option
@home_option
def preview_(
    *,
    asset_id: str,
    fiscal_year: int | None,
    blur: bool,
    hide_damage: bool,
    pictures: bool,
    home: Path | None,
) -> None:
    """Show what would get out and what the redaction gate would do. Changes nothing.

    \b
    Example:
      tenken publish preview ISK-0001
    """  # noqa: D301 click needs the character itself
    gate = Gate(blur=blur, show_damage=not hide_damage, pictures=pictures)
    with reading(create_engine(open_store(home).resolved_database_url())) as connection:
        passed = preview(connection, asset_id, fiscal_year, gate, clock=SystemClock())
    click.echo("\n".join(say_redacted(passed)))


@publish_group.command("release")
@asset_argument
@year_option
@by_option
@why_option
@blur_option
@hide_option
@pictures_option
@home_option
def release_(
    *,
    asset_id: str,
    fiscal_year: int | None,
    by: str,
    why: str,
    blur: bool,
    hide_damage: bool,
    pictures: bool,
    home: Path | None,
) -> None:
    """Publish an approved inspection.

    \b
    Examples:
      tenken publish release ISK-0001 --by 公開担当 --why 定例公開
      tenken publish release ISK-0002 --by 公開担当 --why 定例公開 --blur
      tenken publish release ISK-0003 --by 公開担当 --why 定例公開 --pictures
    """  # noqa: D301 click needs the character itself
    gate = Gate(blur=blur, show_damage=not hide_damage, pictures=pictures)
    settings = open_store(home)
    engine, clock = create_engine(settings.resolved_database_url()), SystemClock()
    with reading(engine) as connection:
        year = approved_record(connection, asset_id, fiscal_year).record.fiscal_year
    made = make_ready(engine, blobs_of(settings), asset_id, year, gate, clock=clock)
    with writing(engine) as connection:
        passed = publish(
            connection, asset_id, year, by=by, why=why, gate=gate, clock=clock, made=made
        )
    click.echo(f"{asset_id} {year}: published by {by}, soundness {passed.row['soundness']}")
    for word in passed.applied:
        click.echo(f"gate: {word.en}")


@publish_group.command("withdraw")
@asset_argument
@year_option
@by_option
@why_option
@home_option
def withdraw_(
    *, asset_id: str, fiscal_year: int | None, by: str, why: str, home: Path | None
) -> None:
    """Take a published inspection back; frozen months keep what they had.

    \b
    Example:
      tenken publish withdraw ISK-0001 --by 公開担当 --why 記載の誤り
    """  # noqa: D301 click needs the character itself
    with writing(create_engine(open_store(home).resolved_database_url())) as connection:
        year = approved_record(connection, asset_id, fiscal_year).record.fiscal_year
        stands = withdraw(connection, asset_id, year, by=by, why=why, clock=SystemClock())
    click.echo(f"{asset_id} {year}: {stands.state.value}, withdrawn by {by}")


@publish_group.command()
@home_option
@json_option
def daily(*, home: Path | None, as_json: bool) -> None:
    """Count what is published and keep it as the figures of today.

    \b
    Example:
      tenken publish daily
    """  # noqa: D301 click needs the character itself
    with writing(create_engine(open_store(home).resolved_database_url())) as connection:
        day, figures = figures_today(connection, clock=SystemClock())
    if as_json:
        click.echo(json.dumps({"day": day, "figures": figures}, ensure_ascii=False, indent=2))
        return
    click.echo("\n".join([day, *say_figures(figures)]))


@publish_group.command()
@click.option("--month", help="YYYY-MM; only the present one.  [default: the present one]")
@home_option
def snapshot(*, month: str | None, home: Path | None) -> None:
    """Freeze the present month for ever: rows, figures and files.

    \b
    Example:
      tenken publish snapshot
    """  # noqa: D301 click needs the character itself
    settings = open_store(home)
    blobs = blobs_of(settings)
    with writing(create_engine(settings.resolved_database_url())) as connection:
        frozen, files = freeze(connection, blobs, month=month, clock=SystemClock())
    click.echo(f"{frozen.month}: frozen, {len(files)} files")
    for file in files:
        click.echo(f"  {file.name}  {file.byte_size} bytes  sha256 {file.sha256[:12]}")
    click.echo("\n".join(say_figures(frozen.figures)))


@publish_group.command("verify")
@click.option("--month", help="YYYY-MM.  [default: every frozen month]")
@home_option
def verify_(*, month: str | None, home: Path | None) -> None:
    """Compare the figures of frozen months with SQL, and their files with their digests.

    \b
    Example:
      tenken publish verify
    """  # noqa: D301 click needs the character itself
    settings = open_store(home)
    blobs = blobs_of(settings)
    with reading(create_engine(settings.resolved_database_url())) as connection:
        months = [month] if month else [one.month for one in snapshots.find(connection)]
        found = [verify(connection, blobs, one) for one in months]
    wrong = []
    for one in found:
        lines = [*one.differences, *(f"{name} is damaged or gone" for name in one.damaged)]
        click.echo(f"{one.month}: {'agrees with SQL, files are whole' if not lines else 'WRONG'}")
        for line in lines:
            click.echo(f"  {line}")
        wrong += lines
    if wrong:
        raise Broken(f"{len(wrong)} figures or files of frozen months are not what was frozen")


@publish_group.command("changes")
@home_option
@json_option
def changes_(*, home: Path | None, as_json: bool) -> None:
    """List what was published and withdrawn, and which values changed.

    \b
    Example:
      tenken publish changes
    """  # noqa: D301 click needs the character itself
    engine = create_engine(open_store(home).resolved_database_url())
    with reading(engine) as connection:
        log = changes(connection)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in log], ensure_ascii=False, indent=2))
        return
    for change in log:
        click.echo(say_change(change))
    click.echo(f"{len(log)} changes")


@publish_group.command("folder")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder."
)
@click.option("--base-url", required=True, help="Where the folder will be seen.")
@home_option
def folder_(*, out: Path, base_url: str, home: Path | None) -> None:
    """Write frozen months and the catalogue (DCAT) into a folder for any web server.

    Who publishes is read from TENKEN_PUBLISHER_NAME, _NAME_EN, _URI and _EMAIL.

    \b
    Example:
      tenken publish folder --out site --base-url https://data.example.jp/roads/
    """  # noqa: D301 click needs the character itself
    publisher = Publisher(**PublisherSettings().model_dump())
    settings = open_store(home)
    blobs = blobs_of(settings)
    with reading(create_engine(settings.resolved_database_url())) as connection:
        written = write_folder(connection, blobs, out, publisher=publisher, base_url=base_url)
    click.echo(f"{out}: {len(written)} files")
