"""Command ``tenken datasets synth``: render a bridge deck of known cracks as drone photos."""

import json
from pathlib import Path

import click

from inspection.errors import BadInput
from inspection.finite import FiniteRange


@click.command("synth")
@click.option(
    "--out",
    "out_dir",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder for photos/, truth.json, truth.geojson, gcp.csv and asset.yaml.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=7,
    show_default=True,
    help="Start of the random numbers.",
)
@click.option(
    "--length-m",
    type=FiniteRange(3, 60),
    default=24.0,
    show_default=True,
    help="Length of the deck.",
)
@click.option(
    "--width-m",
    type=FiniteRange(3, 30),
    default=8.0,
    show_default=True,
    help="Width of the deck.",
)
@click.option(
    "--gsd-mm-per-px",
    type=FiniteRange(1.0, 5),
    default=2.0,
    show_default=True,
    help="Of photos.",
)
@click.option(
    "--gps",
    type=click.Choice(["rtk", "consumer"]),
    default="rtk",
    show_default=True,
    help="rtk: 10 mm horizontally, 15 mm in height; consumer: 0.4 m and 0.6 m.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def synth(
    *,
    out_dir: Path,
    seed: int,
    length_m: float,
    width_m: float,
    gsd_mm_per_px: float,
    gps: str,
    as_json: bool,
) -> None:
    """Render a bridge deck with cracks of known place, length and width, as drone photos.

    The same options give the same bytes.

    \b
    Examples:
      tenken datasets synth --out out/deck
      tenken datasets synth --out out/deck --seed 11 --gps consumer --json
    """  # noqa: D301
    from datasets.synth.capture import CONSUMER_GPS, Flight  # noqa: PLC0415  # OpenCV is slow
    from datasets.synth.deck import Deck  # noqa: PLC0415
    from datasets.synth.render import render_deck  # noqa: PLC0415

    if out_dir.exists() and any(out_dir.iterdir()) and not (out_dir / "truth.json").exists():
        raise BadInput(f"{out_dir} holds other files; name an empty or new folder")
    base = Flight() if gps == "rtk" else CONSUMER_GPS
    rendered = render_deck(
        out_dir,
        deck=Deck(length_m=length_m, width_m=width_m),
        flight=base.at_gsd(gsd_mm_per_px),
        seed=seed,
    )
    truth = rendered.truth
    summary = {
        "photos": len(truth.capture["shots"]),
        "photos_dir": str(rendered.photos_dir),
        "truth": str(rendered.truth_path),
        "gcp": str(rendered.gcp_path),
        "asset": str(rendered.asset_path),
        "cracks": len(truth.cracks),
        "cracks_3_px_and_wider": sum(crack.width_px >= 3 for crack in truth.cracks),
    }
    if as_json:
        click.echo(json.dumps(summary, indent=2, ensure_ascii=False))
        return
    for name, value in summary.items():
        click.echo(f"{name:>22}  {value}")
