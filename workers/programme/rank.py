"""``tenken programme rank`` and ``explain``: scores of every asset, and the reasons of one."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from inspection.domain.asset import AssetKind
from inspection.domain.prioritytable import ScoreTable
from inspection.domain.rankstability import rank_stability
from inspection.pipeline.rank import Known, explained, know
from inspection.pipeline.weigh import model_named
from inspection.store.engine import reading
from workers.planner_options import (
    home_option,
    json_option,
    lang_option,
    model_option,
    open_engine,
    present_year,
    print_json,
    today_option,
)

KINDS = click.Choice([kind.value for kind in AssetKind])


@click.command()
@model_option
@click.option("--kind", type=KINDS, help="Only this kind of asset.")
@click.option("--top", type=click.IntRange(1), default=20, show_default=True, help="Lines to show.")
@click.option(
    "--stability", is_flag=True, help="Add the share of 1000 weightings (±20 %) in the same decile."
)
@click.option("--matrix", is_flag=True, help="Show the 5×5 matrix of likelihood and consequence.")
@today_option
@home_option
@json_option
def rank(
    *,
    model: str,
    kind: str | None,
    top: int,
    stability: bool,
    matrix: bool,
    today: datetime | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Rank every asset by tier and score.

    \b
    Examples:
      tenken programme rank --top 50
      tenken programme rank --model ours/2026 --stability --json
    """  # noqa: D301 click needs the character itself
    with reading(open_engine(home)) as connection:
        chosen = model_named(connection, model)
        only = None if kind is None else AssetKind(kind)
        known = know(connection, fiscal_year=present_year(today), kind=only)
    table = known.table(chosen)
    shares = rank_stability(table) if stability and table.cases else None
    rows = []
    for place, row in enumerate(map(int, table.order()[:top]), 1):
        line = _row(table, known, row, place)
        rows.append(line if shares is None else {**line, "stability": round(float(shares[row]), 3)})
    counts = table.matrix()[::-1].tolist()  # likelihood downwards, as people draw it
    if as_json:
        print_json(
            {
                "model": f"{chosen.id}/{chosen.version}",
                "weights": dict(chosen.weights),
                "assets": len(table.cases),
                "refused": dict(table.refused),
                "rows": rows,
                "risk_matrix": counts,
            }
        )
        return
    for line in rows:
        click.echo(_words(line))
    for asset_id, reason in table.refused.items():
        click.echo(f"not scored: {asset_id}: {reason}")
    if matrix:
        _say_matrix(counts)
    click.echo(f"{len(rows)} of {len(table.cases)} assets, {chosen.id}/{chosen.version}")


def _row(table: ScoreTable, known: Known, row: int, place: int) -> dict[str, Any]:
    asset_id = table.cases[row].asset_id
    return {
        "rank": place,
        "asset": asset_id,
        "name": known.entries[asset_id].asset.name,
        "tier": int(table.tier[row]),
        "score": round(float(table.score[row]), 2),
        **{key: round(float(table.parts[row, i]), 2) for i, key in enumerate("LCT")},
        "risk": round(float(table.risk[row]), 2),
        "confidence": round(float(table.confidence[row]), 2),
    }


def _words(line: dict[str, Any]) -> str:
    parts = " ".join(f"{key} {line[key]:g}" for key in "LCT")
    kept = f"  stays in its decile {line['stability']:.0%}" if "stability" in line else ""
    return (
        f"{line['rank']:>4}  tier {line['tier']}  {line['score']:6.2f}  {line['asset']}  "
        f"{line['name']}  ({parts}, confidence {line['confidence']:g}){kept}"
    )


def _say_matrix(counts: list[list[int]]) -> None:
    click.echo("likelihood 80-100 to 0-20 (down), consequence 0-20 to 80-100 (across):")
    for row in counts:
        click.echo("  " + " ".join(f"{count:>7}" for count in row))


@click.command()
@click.argument("asset_id")
@model_option
@today_option
@lang_option
@home_option
@json_option
def explain(
    *,
    asset_id: str,
    model: str,
    today: datetime | None,
    lang: str,
    home: Path | None,
    as_json: bool,
) -> None:
    """Explain the score of one asset: every point with its reason; JSON has both languages.

    \b
    Examples:
      tenken programme explain ISK-0123
      tenken programme explain ISK-0123 --lang ja
    """  # noqa: D301 click needs the character itself
    with reading(open_engine(home)) as connection:
        chosen = model_named(connection, model)
        known = know(connection, fiscal_year=present_year(today), asset_ids=[asset_id])
        found = explained(known, asset_id, chosen)
    if as_json:
        print_json(found)
        return
    click.echo(
        f"{asset_id}  {found['name']}: {found['score']:.2f}, tier {found['tier']}, "
        f"confidence {found['confidence']:g}  ({found['model']}, data {found['data_version']})"
    )
    for rule in found["rules"]:
        click.echo(f"  {rule['rule']} (tier {rule['tier']}): {rule[lang]}")
    for part in found["parts"]:
        click.echo(f"  {part['k']} {part['value']:g} × {part['weight']:g} = {part['points']:.2f}")
        for item in part["items"]:
            origin = "" if item["origin"] == "known" else f"  [{item['origin']}]"
            click.echo(f"    {item['pts']:+g}  {item['code']}  {item[lang]}{origin}")
    if found["missing"]:
        click.echo(f"  unknown, middle level taken: {', '.join(found['missing'])}")
