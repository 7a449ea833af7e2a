"""Command group ``tenken privacy``: screen, look at, add to, clear and keep back public pictures.

Only pictures of damages of approved inspections are concerned; all other photos stay inside.
"""

from dataclasses import dataclass
from pathlib import Path

import click
from sqlalchemy import Engine

from inspection.domain.privatearea import (
    OBSTACLE_WORDS,
    MarkAction,
    PrivacyMark,
    PrivateArea,
    PrivateKind,
    counted,
)
from inspection.errors import BadInput, TenkenError
from inspection.export.writing import replacing
from inspection.pipeline.approve import approved_record
from inspection.pipeline.ports import BlobStore
from inspection.pipeline.screen import Shown, blurred, mark, named, screen, shown_photos
from inspection.pipeline.takeback import take_back
from inspection.pipeline.tools import SystemClock
from inspection.settings import DetectSettings, PrivacySettings
from inspection.store.engine import reading, writing
from models.backends.openvino_private import open_private
from models.private import load_private
from workers.planner_options import (
    by_option,
    home_option,
    json_option,
    open_blobs,
    open_engine,
    print_json,
)
from workers.privacy.register import own_folder, register
from workers.progress import progress_for_stderr

asset_argument = click.argument("asset_id")
photo_argument = click.argument("photo")
year_option = click.option(
    "--fiscal-year",
    type=click.IntRange(1950, 2200),
    help="Of the inspection.  [default: the newest that is approved]",
)


@click.group()
def privacy() -> None:
    """Blur faces and number plates before pictures are published.

    \b
    Example:
      tenken privacy screen ISK-0001                    a detector looks
      tenken privacy look ISK-0001 --out pictures       a person looks
      tenken privacy clear ISK-0001 --by 公開担当
      tenken publish release ISK-0001 --by 公開担当 --why 定例公開 --pictures
    """  # noqa: D301 click needs the character itself


privacy.add_command(register)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Hold what the commands work on: the photos that would show an approved inspection."""

    engine: Engine
    blobs: BlobStore
    asset_id: str
    shown: tuple[Shown, ...]


def open_desk(asset_id: str, fiscal_year: int | None, home: Path | None) -> Desk:
    """Find the photos that would be published.

    Raises:
        NotFound: when nothing is approved.
    """
    engine = open_engine(home)
    with reading(engine) as connection:
        record = approved_record(connection, asset_id, fiscal_year).record
        shown = shown_photos(connection, record)
    return Desk(engine=engine, blobs=open_blobs(home), asset_id=asset_id, shown=shown)


@privacy.command("screen")
@asset_argument
@year_option
@home_option
def screen_(*, asset_id: str, fiscal_year: int | None, home: Path | None) -> None:
    """Look for people, vehicles, faces and plates in the photos that would be published.

    TENKEN_PRIVACY_DETECTOR names the detector. What one found once stays blurred, whatever
    another finds.

    \b
    Example:
      tenken privacy screen ISK-0001
    """  # noqa: D301 click needs the character itself
    desk = open_desk(asset_id, fiscal_year, home)
    entry = load_private(PrivacySettings().detector, own_folder())
    detector = open_private(entry, threads=DetectSettings().threads)
    with progress_for_stderr() as progress:
        done = screen(
            desk.engine,
            desk.blobs,
            desk.shown,
            detector=detector,
            clock=SystemClock(),
            progress=progress,
        )
    for one in done:
        found = one.reason if one.screening is None else counted(one.screening.areas)
        click.echo(f"{_words(one.shown)}: {found}")
    click.echo(
        f"{len(done)} of {len(desk.shown)} photos screened with {entry.detector_id}; now a person "
        "looks: 'tenken privacy look'"
    )


@privacy.command()
@asset_argument
@year_option
@home_option
@json_option
def status(*, asset_id: str, fiscal_year: int | None, home: Path | None, as_json: bool) -> None:
    """List the photos that would be published, what is blurred in them, and what is missing.

    \b
    Example:
      tenken privacy status ISK-0001
    """  # noqa: D301 click needs the character itself
    desk = open_desk(asset_id, fiscal_year, home)
    if as_json:
        print_json([_plain(one) for one in desk.shown])
        return
    for one in desk.shown:
        click.echo(f"{_words(one)}: {counted(one.privacy.areas)}; {_stand(one)}")
    ready = sum(one.privacy.obstacle is None for one in desk.shown)
    click.echo(f"{ready} of {len(desk.shown)} pictures may be published")


@privacy.command()
@asset_argument
@year_option
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the pictures, named by the numbers of their damages.",
)
@home_option
def look(*, asset_id: str, fiscal_year: int | None, out: Path, home: Path | None) -> None:
    """Write the pictures as everybody would see them, to be looked at.

    \b
    Example:
      tenken privacy look ISK-0001 --out pictures
    """  # noqa: D301 click needs the character itself
    desk = open_desk(asset_id, fiscal_year, home)
    written = 0
    for one in desk.shown:
        try:
            picture = blurred(desk.blobs, one)
        except TenkenError as error:
            click.echo(f"{_words(one)}: no picture: {error}")
            continue
        path = out / f"{one.numbers[0]:03d}-{one.photo.sha256[:12]}.jpg"
        with replacing(path) as temporary:
            temporary.write_bytes(picture.content)
        click.echo(f"{_words(one)}: {path.name}, {picture.hidden} areas blurred")
        written += 1
    click.echo(f"{out}: {written} pictures")


@privacy.command()
@asset_argument
@photo_argument
@click.option("--box", required=True, help="X0,Y0,X1,Y1 in pixels of the upright photo.")
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in PrivateKind]),
    default=PrivateKind.OTHER.value,
    show_default=True,
    help="What is there.",
)
@by_option
@year_option
@home_option
def blur(
    *,
    asset_id: str,
    photo: str,
    box: str,
    kind: str,
    by: str,
    fiscal_year: int | None,
    home: Path | None,
) -> None:
    """Add an area that the detector missed; PHOTO is a file name or the start of a digest.

    \b
    Example:
      tenken privacy blur ISK-0001 DJI_0012.JPG --box 1200,340,1320,410 --kind plate --by 公開担当
    """  # noqa: D301 click needs the character itself
    desk = open_desk(asset_id, fiscal_year, home)
    area = PrivateArea(kind=PrivateKind(kind), box_px=read_box(box))
    made = PrivacyMark(action=MarkAction.ADD, by=by, at=SystemClock().now(), area=area)
    one = named(desk.shown, photo)
    with writing(desk.engine) as connection:
        mark(connection, one, made)
    click.echo(f"{_words(one)}: {kind} {box} is blurred from now on; look again, then clear it")


@privacy.command()
@asset_argument
@click.option("--photo", "chosen", multiple=True, help="Only this one; may be given again.")
@click.option("--why", default="", help="A note.")
@by_option
@year_option
@home_option
def clear(
    *,
    asset_id: str,
    chosen: tuple[str, ...],
    why: str,
    by: str,
    fiscal_year: int | None,
    home: Path | None,
) -> None:
    """Say that you have looked at the blurred pictures and that they may be published.

    \b
    Examples:
      tenken privacy clear ISK-0001 --by 公開担当
      tenken privacy clear ISK-0001 --photo DJI_0012.JPG --by 公開担当
    """  # noqa: D301 click needs the character itself
    desk = open_desk(asset_id, fiscal_year, home)
    wanted = [named(desk.shown, one) for one in chosen] or [
        one for one in desk.shown if one.privacy.screenings
    ]
    now = SystemClock().now()
    with writing(desk.engine) as connection:
        for one in wanted:
            mark(connection, one, PrivacyMark(action=MarkAction.CLEAR, by=by, at=now, why=why))
    click.echo(f"{len(wanted)} of {len(desk.shown)} pictures cleared by {by}")


@privacy.command()
@asset_argument
@photo_argument
@click.option("--why", required=True, help="The reason; it is kept for ever.")
@by_option
@year_option
@home_option
def withhold(
    *,
    asset_id: str,
    photo: str,
    why: str,
    by: str,
    fiscal_year: int | None,
    home: Path | None,
) -> None:
    """Keep a photo back for good; if it was published, its picture goes from every frozen month.

    \b
    Example:
      tenken privacy withhold ISK-0001 DJI_0012.JPG --by 公開担当 --why 本人からの申出
    """  # noqa: D301 click needs the character itself
    desk = open_desk(asset_id, fiscal_year, home)
    one = named(desk.shown, photo)
    now = SystemClock().now()
    with writing(desk.engine) as connection:
        mark(connection, one, PrivacyMark(action=MarkAction.WITHHOLD, by=by, at=now, why=why))
        gone = take_back(connection, desk.blobs, clock=SystemClock())
    click.echo(f"{_words(one)}: kept back by {by}")
    for name in gone:
        click.echo(f"  {name} is taken back from open data")


def read_box(text: str) -> tuple[int, int, int, int]:
    """Read ``X0,Y0,X1,Y1``.

    Raises:
        BadInput: when it is no box.

    >>> read_box("1200,340,1320,410")
    (1200, 340, 1320, 410)
    """
    try:
        x0, y0, x1, y1 = (int(part) for part in text.split(","))
    except ValueError as error:
        raise BadInput(f"{text!r} is no area; write X0,Y0,X1,Y1 such as 1200,340,1320,410") from (
            error
        )
    return x0, y0, x1, y1


def _words(one: Shown) -> str:
    numbers = ", ".join(map(str, one.numbers))
    return f"{one.photo.name} ({one.photo.sha256[:12]}), damage {numbers}"


def _stand(one: Shown) -> str:
    obstacle = one.privacy.obstacle
    return "may be published" if obstacle is None else f"stays inside: {OBSTACLE_WORDS[obstacle]}"


def _plain(one: Shown) -> dict[str, object]:
    obstacle = one.privacy.obstacle
    return {
        "photo": one.photo.name,
        "sha256": one.photo.sha256,
        "damages": list(one.numbers),
        "areas": [
            {"kind": area.kind.value, "box_px": list(area.box_px), "score": area.score}
            for area in one.privacy.areas
        ],
        "detectors": [screening.detector_id for screening in one.privacy.screenings],
        "obstacle": None if obstacle is None else obstacle.value,
    }
