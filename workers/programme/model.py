"""``tenken programme model``: priority models of your own, by file, by weights or by AHP."""

from pathlib import Path

import click

from inspection.codelists.priorities import load_priority_model
from inspection.domain.prioritymodel import PriorityModel
from inspection.errors import BadInput, NotFound
from inspection.pipeline.tools import SystemClock
from inspection.pipeline.weigh import (
    PARTS,
    SHIPPED,
    add_model,
    judge,
    model_named,
    reweigh,
)
from inspection.store import prioritymodels
from inspection.store.engine import reading, writing
from workers.planner_options import (
    by_option,
    home_option,
    json_option,
    note_option,
    open_engine,
    print_json,
    read_weights,
)

base_option = click.option(
    "--base", default="priority_v1", show_default=True, help="Model whose tables are shared."
)
version_option = click.option("--version", default="1", show_default=True, help="Of the new model.")


@click.group()
def model() -> None:
    """Make priority models of your own; a version that is there is never changed."""


@model.command("list")
@home_option
@json_option
def list_(*, home: Path | None, as_json: bool) -> None:
    """List the models with their weights.

    \b
    Example:
      tenken programme model list
    """  # noqa: D301 click needs the character itself
    rows = [
        {"model": f"{m.id}/{m.version}", "weights": dict(m.weights), "by": "Tenken", "note": ""}
        for m in map(load_priority_model, SHIPPED)
    ]
    with reading(open_engine(home)) as connection:
        for kept in prioritymodels.versions(connection):
            rows.append(
                {
                    "model": f"{kept.model_id}/{kept.version}",
                    "weights": kept.content["weights"],
                    "by": kept.made_by,
                    "note": kept.note,
                }
            )
    if as_json:
        print_json(rows)
        return
    for row in rows:
        note = f": {row['note']}" if row["note"] else ""
        click.echo(f"{row['model']}  {_weights(row['weights'])}  {row['by']}{note}")  # type: ignore[arg-type]


def _weights(weights: dict[str, float]) -> str:
    return " ".join(f"{part} {weights[part]:.4g}" for part in PARTS)


@model.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@by_option
@note_option
@home_option
def add(*, file: Path, by: str, note: str, home: Path | None) -> None:
    """Add a model of your own from a YAML file of the form of priority_v1.

    \b
    Example:
      tenken programme model add ours.yaml --by 山田
    """  # noqa: D301 click needs the character itself
    if not file.is_file():
        raise NotFound(f"there is no file {file}")
    with writing(open_engine(home)) as connection:
        made = add_model(connection, _text(file), by=by, note=note, clock=SystemClock())
    _say(made)


@model.command()
@click.argument("name")
@click.argument("values", metavar="L=…,C=…,T=…")
@base_option
@version_option
@by_option
@note_option
@home_option
def weights(
    *, name: str, values: str, base: str, version: str, by: str, note: str, home: Path | None
) -> None:
    """Make a model from another by new weights of L, C and T; they add up to 1.

    \b
    Example:
      tenken programme model weights ours L=0.4,C=0.5,T=0.1 --by 山田 --note 孤立集落を重視
    """  # noqa: D301 click needs the character itself
    with writing(open_engine(home)) as connection:
        made = reweigh(
            connection,
            base,
            read_weights(values),
            name=name,
            version=version,
            by=by,
            note=note,
            clock=SystemClock(),
        )
    _say(made)


@model.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--save", "name", help="Keep the weights as a model of this name.")
@base_option
@version_option
@click.option("--by", default="", help="Who decides this; needed with --save.")
@home_option
@json_option
def ahp(
    *,
    files: tuple[Path, ...],
    name: str | None,
    base: str,
    version: str,
    by: str,
    home: Path | None,
    as_json: bool,
) -> None:
    """Derive weights from pairwise judgements (AHP), one CSV matrix a person.

    The first row names the criteria; cells are 1 to 9 or fractions such as 1/5. Judgements that
    contradict each other (CR above 0.10) are shown and not applied. To be kept as a model the
    criteria must be L, C and T.

    \b
    Examples:
      tenken programme model ahp judgements.csv
      tenken programme model ahp yamada.csv sato.csv --save ours --by 山田
    """  # noqa: D301 click needs the character itself
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise NotFound(f"there is no file {missing[0]}")
    judged = judge([(file.name, _text(file)) for file in files])
    found = judged.ahp
    triple = [judged.names[i] for i in found.worst or ()]
    if as_json:
        print_json(
            {
                "criteria": judged.names,
                "respondents": judged.respondents,
                "weights": dict(zip(judged.names, found.weights, strict=True)),
                "lambda_max": found.eigenvalue,
                "ci": found.index,
                "cr": found.ratio,
                "most_inconsistent": triple,
            }
        )
    else:
        for criterion, weight in zip(judged.names, found.weights, strict=True):
            click.echo(f"{criterion}  {weight:.4f}")
        click.echo(
            f"λmax {found.eigenvalue:.4f}, CI {found.index:.4f}, CR {found.ratio:.4f} (at most "
            f"0.10), respondents: {judged.respondents}; least consistent: {', '.join(triple)}"
        )
    chosen = found.checked(judged.names)
    if name is None:
        return
    if set(chosen) != set(PARTS):
        raise BadInput(f"a model weighs L, C and T; the judgements compare {', '.join(chosen)}")
    with writing(open_engine(home)) as connection:
        made = reweigh(
            connection,
            base,
            chosen,
            name=name,
            version=version,
            by=by,
            note=f"AHP of {judged.respondents}, CR {found.ratio:.4f}",
            clock=SystemClock(),
        )
    if not as_json:
        _say(made)


@model.command()
@click.argument("name")
@home_option
def show(*, name: str, home: Path | None) -> None:
    """Show the weights of one model.

    \b
    Example:
      tenken programme model show ours/2
    """  # noqa: D301 click needs the character itself
    with reading(open_engine(home)) as connection:
        _say(model_named(connection, name))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{file.name} is not in UTF-8; save it as UTF-8") from error


def _say(made: PriorityModel) -> None:
    click.echo(f"{made.id}/{made.version}  {_weights(dict(made.weights))}")
