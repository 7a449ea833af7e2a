"""Priority models of people: added from a file, or made from another by new weights."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import yaml
from sqlalchemy import Connection

from inspection.codelists.codelist import Codelist, load_codelist, read_codelist
from inspection.codelists.priorities import DEFAULT_MODEL, priority_model
from inspection.codelists.yamltext import read_yaml
from inspection.domain.ahp import Ahp, combine, weigh
from inspection.domain.notation import fold
from inspection.domain.prioritymodel import PriorityModel
from inspection.errors import BadCodelist, BadInput, Conflict
from inspection.pipeline.ports import Clock
from inspection.store import prioritymodels
from inspection.store.prioritymodels import KeptModel

SHIPPED = (DEFAULT_MODEL,)
"""Models that come with Tenken; their names are taken."""

PARTS = ("L", "C", "T")
_FRACTION = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?(/[0-9]{1,9})?")
"""Judgements as people write them; an exponent would let a few characters fill the memory."""

WORD_MOST = 100
HEAD = ("id", "version", "source", "needs_review")


def model_named(connection: Connection, name: str) -> PriorityModel:
    """Load a model by its name, or by name and version such as ``ours/2``; the newest unless named.

    Raises:
        NotFound: when there is none.
    """
    return priority_model(_codelist(connection, name))


def _codelist(connection: Connection, name: str) -> Codelist:
    model_id, _, version = name.partition("/")
    if model_id in SHIPPED:
        shipped = load_codelist(model_id)
        if version not in ("", shipped.version):
            raise BadInput(f"{model_id} ships in version {shipped.version}, not {version}")
        return shipped
    kept = prioritymodels.by_name(connection, model_id, version or None)
    return _read(kept.content)


def _read(content: Mapping[str, Any]) -> Codelist:
    return Codelist(
        **{name: content[name] for name in HEAD},
        fields={name: value for name, value in content.items() if name not in HEAD},
    )


def add_model(
    connection: Connection, text: str, *, by: str, note: str, clock: Clock
) -> PriorityModel:
    """Keep a model that a person wrote as a YAML file of the form of ``priority_v1``.

    Raises:
        BadCodelist: when it breaks the rules of a model.
        Conflict: when its name is taken, or its version is there with another content.
    """
    try:
        head = read_yaml(text)
        name = str(head["id"])
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise BadCodelist(f"the model is no YAML mapping with an id: {error}") from error
    codelist = read_codelist(text, name)
    return _keep(connection, codelist, by=by, note=note, clock=clock)


def _keep(
    connection: Connection, codelist: Codelist, *, by: str, note: str, clock: Clock
) -> PriorityModel:
    if codelist.id in SHIPPED:
        raise Conflict(f"{codelist.id!r} ships with Tenken; give your model a name of its own")
    for what, word in (("name", codelist.id), ("version", codelist.version)):
        plain = word == word.strip() and word.isprintable() and "/" not in word
        if not 1 <= len(word) <= WORD_MOST or not plain:
            raise BadInput(
                f"the {what} {word!r} cannot name a model: it has 1 to {WORD_MOST} printable "
                "characters and no '/', which stands between name and version"
            )
    if not by.strip():
        raise BadInput("say who makes the model: its weights are a decision")
    model = priority_model(codelist)
    content = {**{name: getattr(codelist, name) for name in HEAD}, **codelist.fields}
    kept = KeptModel(
        model_id=codelist.id,
        version=codelist.version,
        content=content,
        note=note,
        made_by=by,
        made_at=clock.now(),
    )
    prioritymodels.save(connection, kept)
    return model


def reweigh(
    connection: Connection,
    base: str,
    weights: Mapping[str, float],
    *,
    name: str,
    version: str,
    by: str,
    note: str,
    clock: Clock,
) -> PriorityModel:
    """Make a model from another by new weights of L, C and T, and keep it.

    Args:
        connection: an open transaction.
        base: the model whose tables it shares.
        weights: of L, C and T; they must add up to 1.
        name: of the new model.
        version: of the new model; a version that is there is never changed.
        by: who decides.
        note: why.
        clock: the time.
    """
    shared = _codelist(connection, base)
    made = Codelist(
        id=name,
        version=version,
        source=f"weights of {by}; tables of {shared.id}/{shared.version}: {shared.source}",
        needs_review=shared.needs_review,
        fields={**shared.fields, "weights": checked_weights(weights)},
    )
    return _keep(connection, made, by=by, note=note, clock=clock)


def checked_weights(weights: Mapping[str, float]) -> dict[str, float]:
    """Give weights of L, C and T that add up to 1.

    Raises:
        BadInput: when one is missing, negative, or the sum is not 1.

    >>> checked_weights({"L": 0.4, "C": 0.5, "T": 0.1})
    {'L': 0.4, 'C': 0.5, 'T': 0.1}
    """
    if set(weights) != set(PARTS) or not all(0 <= value <= 1 for value in weights.values()):
        raise BadInput(f"give weights from 0 to 1 for L, C and T, got {dict(weights)}")
    total = sum(weights.values())
    if not abs(total - 1) <= 1e-6:  # NaN too
        raise BadInput(f"the weights of L, C and T must add up to 1, got {total:g}")
    return {part: float(weights[part]) / total for part in PARTS} if total != 1 else dict(weights)


def reweighed(model: PriorityModel, weights: Mapping[str, float]) -> PriorityModel:
    """Give a model with other weights for a what-if; its version says so.

    Empty weights leave it as it is.

    Raises:
        BadInput: when the weights are none.
    """
    if not weights:
        return model
    chosen = checked_weights(weights)
    words = ",".join(f"{part}{chosen[part]:g}" for part in PARTS)
    return replace(model, weights=chosen, version=f"{model.version}+{words}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Carry judgements with what follows from them.

    Attributes:
        names: criteria in the order of the matrix.
        respondents: how many people judged.
        ahp: weights and consistency.
    """

    names: tuple[str, ...]
    respondents: int
    ahp: Ahp


def judge(files: Sequence[tuple[str, str]]) -> Judged:
    """Read one matrix of pairwise judgements a person and combine them.

    Each text is CSV: the first row names the criteria, each further row begins with its criterion;
    cells are numbers or fractions such as ``1/5``. Cells below the diagonal may be empty.

    Args:
        files: name and text of each person's matrix.

    Raises:
        BadInput: when a matrix cannot be read, or they compare different criteria.
    """
    read = [_matrix(name, text) for name, text in files]
    if not read:
        raise BadInput("give at least one file of judgements")
    names = read[0][0]
    for (name, _), (others, _) in zip(files, read, strict=True):
        if others != names:
            raise BadInput(f"{name} compares {', '.join(others)}, the first {', '.join(names)}")
    return Judged(
        names=names, respondents=len(read), ahp=weigh(combine([matrix for _, matrix in read]))
    )


def _matrix(name: str, text: str) -> tuple[tuple[str, ...], list[list[float]]]:
    """Read one matrix."""
    rows = [row for row in csv.reader(io.StringIO(text.lstrip("\ufeff"))) if any(row)]
    names = tuple(cell.strip() for cell in rows[0][1:]) if rows else ()
    if len(rows) != len(names) + 1 or len(names) < 2:
        raise BadInput(
            f"{name} must have a row and a column for each criterion, got {max(0, len(rows) - 1)} "
            f"rows and {len(names)} columns"
        )
    if len(set(names)) < len(names) or not all(names):
        raise BadInput(f"{name}: each criterion needs a name of its own, got {', '.join(names)}")
    stated: dict[tuple[int, int], float] = {}
    for i, row in enumerate(rows[1:]):
        if row[0].strip() != names[i] or len(row) != len(names) + 1:
            raise BadInput(f"{name}: row {i + 2} must be {names[i]!r} with {len(names)} cells")
        stated |= {
            (i, j): _judgement(cell, name, i + 2) for j, cell in enumerate(row[1:]) if cell.strip()
        }
    return names, [
        [_entry(stated, i, j, name) for j in range(len(names))] for i in range(len(names))
    ]


def _judgement(cell: str, name: str, row: int) -> float:
    plain = fold(cell).replace(" ", "")
    try:
        if _FRACTION.fullmatch(plain) is None:
            raise ValueError(plain)
        value = float(Fraction(plain))
    except (ValueError, ZeroDivisionError) as error:
        raise BadInput(
            f"{name}: row {row} has {cell[:40]!r}, which is no number or fraction"
        ) from error
    if value <= 0:
        raise BadInput(f"{name}: row {row} has {cell!r}; judgements are above 0")
    return value


def _entry(stated: Mapping[tuple[int, int], float], i: int, j: int, name: str) -> float:
    """Give one judgement, or the reciprocal of the one across the diagonal."""
    if i == j:
        if stated.get((i, j), 1.0) != 1.0:
            raise BadInput(f"{name} has {stated[i, j]:g} where criterion {i + 1} meets itself; 1")
        return 1.0
    if (i, j) in stated:
        return stated[i, j]
    if (j, i) in stated:
        return 1 / stated[j, i]
    raise BadInput(f"{name} does not compare criterion {i + 1} with {j + 1}")
