"""Commands that need a detector: ``tenken run``, ``tenken demo`` and ``tenken worker``."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from datasets.synth.widths import rendered_calibration
from inspection.codelists.asset_file import load_asset
from inspection.codelists.widthcalibrations import load_width_calibration
from inspection.domain.asset import Asset
from inspection.domain.mission import Surface
from inspection.domain.widthcalibration import CONCRETE, WidthCalibration
from inspection.errors import BadInput
from inspection.finite import FiniteRange
from inspection.imaging.nodeodm import NodeOdm
from inspection.pipeline.admit import Options, admit
from inspection.pipeline.conduct import conduct
from inspection.pipeline.deliver import Delivered, deliver
from inspection.settings import (
    DetectSettings,
    MosaicSettings,
    QueueSettings,
    StoreSettings,
    TelemetrySettings,
)
from models.registry import DEFAULT_MODEL
from workers import queue
from workers.demo import demonstrate
from workers.outfit import home_settings, node_of, outfit
from workers.progress import progress_for_stderr

STORE_FOLDER = "store"
"""Folder inside ``--out`` that keeps the rows and blobs of a run; ``tenken serve`` shows it."""


@click.command()
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Folder of the results."
)
@click.option(
    "--asset", "asset_file", type=click.Path(path_type=Path), help="YAML file of the asset."
)
@click.option(
    "--surface",
    type=click.Choice([surface.value for surface in Surface]),
    default=Surface.NADIR.value,
    show_default=True,
    help="How the photos see the surface; strip = photos without GPS on one plane.",
)
@click.option(
    "--gsd-mm-per-px",
    type=FiniteRange(0.01, 10000),
    help="Size of a pixel on the surface; needed for a strip, else it sets the mosaic's.",
)
@click.option(
    "--crs", "map_crs", help="CRS of the mosaic, such as EPSG:6675; default the UTM zone."
)
@click.option(
    "--gcp",
    "control_file",
    type=click.Path(path_type=Path),
    help="CSV of ground control points.",
)
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="Name of the detector.")
@click.option(
    "--width-calibration",
    "widths_file",
    type=click.Path(path_type=Path),
    help="How the camera draws cracks, from 'tenken measure board'; default: cracks in concrete.",
)
@click.option(
    "--engine",
    type=click.Choice(["embedded", "nodeodm"]),
    default=None,
    help="Who makes the mosaic; nodeodm needs TENKEN_MOSAIC_NODEODM_URL.  [default: embedded]",
)
@click.option("--json", "as_json", is_flag=True, help="Print run.json to standard output.")
def run(
    *,
    photos: tuple[Path, ...],
    out: Path,
    asset_file: Path | None,
    surface: str,
    gsd_mm_per_px: float | None,
    map_crs: str | None,
    control_file: Path | None,
    model: str,
    widths_file: Path | None,
    engine: str | None,
    as_json: bool,
) -> None:
    """Turn drone PHOTOS (files or folders) into a ranked work list.

    Writes run.json, orthomosaic.tif, sources.tif, defects.geojson, widths.geojson, worklist.csv
    and report.html into the folder given by --out. Running it again goes on where it stopped.

    \b
    Examples:
      tenken run photos/ --out out/bridge-12 --asset bridge-12.yaml
      tenken run quay/ --surface strip --gsd-mm-per-px 2.3 --out out/quay
      TENKEN_MOSAIC_NODEODM_URL=http://odm:3000/ tenken run photos/ --engine nodeodm --out out/b
    """  # noqa: D301
    options = Options(
        surface=Surface(surface),
        gsd_m_per_px=None if gsd_mm_per_px is None else gsd_mm_per_px / 1000,
        map_crs=map_crs,
        control_file=control_file,
    )
    asset = load_asset(asset_file) if asset_file else _unnamed_asset(out)
    widths = load_width_calibration(widths_file) if widths_file else CONCRETE
    chosen = MosaicSettings() if engine is None else MosaicSettings(engine=engine)
    delivered = drive(
        photos,
        out=out,
        asset=asset,
        options=options,
        model=model,
        widths=widths,
        node=node_of(chosen),
    )
    if as_json:
        click.echo(json.dumps(delivered.account, ensure_ascii=False, indent=2))
    else:
        summarise(delivered.account, out)


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("out/demo"),
    show_default=True,
    help="Folder of the results.",
)
@click.option("--no-serve", is_flag=True, help="Stop after the results instead of serving them.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port of the pages.",
)
@click.pass_context
def demo(context: click.Context, *, out: Path, no_serve: bool, port: int) -> None:
    """Drive the whole road on a rendered bridge deck with known truth, then serve the result.

    \b
    Examples:
      tenken demo
      tenken demo --no-serve --out out/demo
    """  # noqa: D301
    _check_out(out)
    with progress_for_stderr() as progress:
        tools = outfit(
            home_settings(out / STORE_FOLDER),
            DetectSettings(),
            progress=progress,
            widths=rendered_calibration(),
        )
        delivered = demonstrate(out, tools=tools)
    summarise(delivered.account, out)
    _summarise_truth(delivered.account["truth"])
    if not no_serve:
        _serve(context, out / STORE_FOLDER, port)


@click.command()
@click.option(
    "--queues",
    default=queue.CPU_QUEUE,
    show_default=True,
    help=f"Queues to listen to, comma-separated: {', '.join(queue.QUEUES)}.",
)
def worker(*, queues: str) -> None:
    """Work on surveys that the service has queued, until stopped.

    \b
    Examples:
      tenken worker
      TENKEN_QUEUE_BROKER_URL=redis://127.0.0.1/0 tenken worker --queues cpu,gpu
    """  # noqa: D301
    names = tuple(name.strip() for name in queues.split(",") if name.strip())
    unknown = sorted(set(names) - set(queue.QUEUES))
    if unknown or not names:
        raise BadInput(f"unknown queues {unknown}; choose from {', '.join(queue.QUEUES)}")
    from workers.tasks import run_worker  # noqa: PLC0415  # signals are wired only in a worker

    run_worker(StoreSettings(), QueueSettings(), DetectSettings(), TelemetrySettings(), names)


def _serve(context: click.Context, home: Path, port: int) -> None:
    """Run ``tenken serve`` on the results; found by name, for workers do not import the API."""
    root = context.find_root().command
    assert isinstance(root, click.Group)
    serve = root.get_command(context, "serve")
    assert serve is not None
    context.invoke(serve, home=home, port=port, host=None, worker=True)


def _summarise_truth(truth: dict[str, Any]) -> None:
    """Print how the result compares with what was rendered."""
    print(
        f"truth       {truth['cracks_wide_found']} of {truth['cracks_wide']} cracks of "
        f"{truth['wide_px']:.0f} px and wider found, position "
        f"{truth['position_error_gsd']} GSD (median), length error "
        f"{truth['length_error_median']} (median), {truth['false_detections']} false detections\n"
        f"widths      mean {truth['width_mean_bias_px']} px and robust maximum "
        f"{truth['width_robust_bias_px']} px off on average, "
        f"{truth['width_covered_ratio'] or 0:.0%} of {truth['widths_answered']} within U"
    )


def drive(
    files: tuple[Path, ...],
    *,
    out: Path,
    asset: Asset,
    options: Options,
    model: str = DEFAULT_MODEL,
    widths: WidthCalibration = CONCRETE,
    node: NodeOdm | None = None,
) -> Delivered:
    """Drive the whole road once and write its results into ``out``."""
    _check_out(out)
    with progress_for_stderr() as progress:
        tools = outfit(
            home_settings(out / STORE_FOLDER),
            DetectSettings(),
            progress=progress,
            model=model,
            widths=widths,
            node=node,
        )
        survey = admit(files, asset=asset, options=options, tools=tools)
        conducted = conduct(survey.survey_id, tools)
        return deliver(conducted, out=out, tools=tools)


def summarise(account: dict[str, Any], out: Path) -> None:
    """Print what a person wants to know at the end of a run."""
    photos, mosaic = account["photos"], account["mosaic"]
    lines = [
        f"photos      {photos['registered']} of {photos['accepted']} in the mosaic, "
        f"{len(photos['rejected'])} set aside",
        f"mosaic      {mosaic['width_px']} × {mosaic['height_px']} px, "
        f"{mosaic['gsd_m_per_px'] * 1000:.2f} mm/px, {mosaic['crs']}",
        f"damage      {account['defects']} defects, {account['work_list_rows']} lines in the "
        f"work list",
        f"time        {sum(stage['seconds'] for stage in account['stages']):.1f} s, peak memory "
        f"{max(stage['peak_rss_mb'] for stage in account['stages']):.0f} MB",
        f"report      {out / 'report.html'}",
    ]
    for sentence in account["warnings"]:
        lines.append(f"note        {sentence}")
    for rejected in photos["rejected"]:
        lines.append(f"set aside   {rejected['file']}: {rejected['detail']}")
    print("\n".join(lines), file=sys.stdout)


def _check_out(out: Path) -> None:
    """Refuse a result folder that is a file."""
    if out.exists() and not out.is_dir():
        raise BadInput(f"--out {out} is a file; name a folder for the results")


def _unnamed_asset(out: Path) -> Asset:
    """Stand in for an asset that nobody described; its results live in the one folder."""
    return Asset(asset_id="unnamed", name=out.resolve().name)
