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
from inspection.errors import BadInput, Conflict, TenkenError
from inspection.export.writing import replacing
from inspection.pipeline.approve import approved_record
from inspection.pipeline.ports import BlobStore
from inspection.pipeline.screen import Shown, blurred, mark, named, screen, shown_photos
from inspection.pipeline.takeback import find_photo, take_back, within_reach
from inspection.pipeline.tools import SystemClock
from inspection.settings import DetectSettings, PrivacySettings
from inspection.store.engine import reading, writing
from inspection.store.privacy import retracted
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
from workers.privacy import looked
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
      tenken privacy clear ISK-0001 --looked pictures --by 公開担当
      tenken publish release ISK-0001 --by 公開担当 --why 定例公開 --pictures
    """  # noqa: D301 click needs the character itself


privacy.add_command(register)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Hold what the commands work on: the photos that would show an approved inspection."""

    engine: Engine
    blobs: BlobStore
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
    return Desk(engine=engine, blobs=open_blobs(home), shown=shown)


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
    """List the photos that would be or were published, what is blurred, and what is missing.

    \b
    Example:
      tenken privacy status ISK-0001
    """  # noqa: D301 click needs the character itself
    with reading(open_engine(home)) as connection:
        found = within_reach(connection, asset_id, fiscal_year)
    if as_json:
        print_json([_plain(one) for one in found])
        return
    for one in found:
        click.echo(f"{_words(one)}: {counted(one.privacy.areas)}; {_stand(one)}")
    would_be = [one for one in found if one.numbers]
    ready = sum(one.privacy.obstacle is None for one in would_be)
    click.echo(f"{ready} of {len(would_be)} pictures may be published")


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
        path = out / looked.file_name(one)
        with replacing(path) as temporary:
            temporary.write_bytes(picture.content)
        click.echo(f"{_words(one)}: {path.name}, {picture.hidden} areas blurred")
        written += 1
    click.echo(f"{out}: {written} pictures; what may be seen is cleared by 'tenken privacy clear'")


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
    area = PrivateArea(kind=PrivateKind(kind), box_px=read_box(box))
    made = PrivacyMark(action=MarkAction.ADD, by=by, at=SystemClock().now(), area=area)
    with writing(open_engine(home)) as connection:
        one = find_photo(connection, asset_id, fiscal_year, photo)
        mark(connection, one, made)
        still_out = [name for name in one.pictures if name not in retracted(connection)]
    click.echo(f"{_words(one)}: {kind} {box} is blurred from now on; look again, then clear it")
    for name in still_out:
        click.echo(f"  {name} was published without it; 'tenken privacy withhold' takes it back")


@privacy.command()
@asset_argument
@click.option(
    "--looked",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of the pictures that you looked at, from 'tenken privacy look'. A picture that "
    "you remove from it is not cleared.",
)
@click.option("--photo", "chosen", multiple=True, help="Only this one; may be given again.")
@click.option("--why", default="", help="A note.")
@by_option
@year_option
@home_option
def clear(
    *,
    asset_id: str,
    folder: Path,
    chosen: tuple[str, ...],
    why: str,
    by: str,
    fiscal_year: int | None,
    home: Path | None,
) -> None:
    """Say that you have looked at the blurred pictures and that they may be published.

    Each is cleared as you saw it: what a detector found or somebody added since asks for another
    look.

    \b
    Examples:
      tenken privacy clear ISK-0001 --looked pictures --by 公開担当
      tenken privacy clear ISK-0001 --looked pictures --photo DJI_0012.JPG --by 公開担当
    """  # noqa: D301 click needs the character itself
    desk = open_desk(asset_id, fiscal_year, home)
    wanted = [named(desk.shown, one) for one in chosen] or desk.shown
    seen = looked.tags_in(folder)
    done = 0
    for one in wanted:
        tags = seen.get(one.photo.sha256[: looked.DIGITS], frozenset())
        tag = one.privacy.tag if one.privacy.tag in tags else max(tags, default="")
        if not tag:
            click.echo(f"{_words(one)}: not cleared, {folder} has no picture of it")
            continue
        cleared = PrivacyMark(
            action=MarkAction.CLEAR, by=by, at=SystemClock().now(), why=why, looked=tag
        )
        try:
            with writing(desk.engine) as connection:
                mark(connection, one, cleared)
        except Conflict as error:
            click.echo(f"{_words(one)}: not cleared: {error}")
            continue
        done += 1
    click.echo(f"{done} of {len(desk.shown)} pictures cleared by {by}")


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

    PHOTO may be any photo of the asset, whatever became of the approval since: a file name, the
    start of a digest, or the name of a published picture. Doing it again does no harm.

    \b
    Examples:
      tenken privacy withhold ISK-0001 DJI_0012.JPG --by 公開担当 --why 本人からの申出
      tenken privacy withhold ISK-0001 photo_4f….jpg --by 公開担当 --why 本人からの申出
    """  # noqa: D301 click needs the character itself
    now = SystemClock().now()
    with writing(open_engine(home)) as connection:
        one = find_photo(connection, asset_id, fiscal_year, photo)
        mark(connection, one, PrivacyMark(action=MarkAction.WITHHOLD, by=by, at=now, why=why))
        gone = take_back(connection, open_blobs(home), clock=SystemClock())
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
    shows = [f"damage {', '.join(map(str, one.numbers))}"] if one.numbers else []
    shows += [f"published as {', '.join(one.pictures)}"] if one.pictures else []
    return ", ".join([f"{one.photo.name} ({one.photo.sha256[:12]})", *shows])


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
        "published_as": list(one.pictures),
    }
