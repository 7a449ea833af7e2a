"""Load the columns of open data and the rules of the redaction gate."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from inspection.codelists.codelist import Codelist, load_codelist, whole
from inspection.domain.publicrow import LEVELS, Forbidden, RedactionRule
from inspection.errors import BadCodelist, BadInput

KINDS = ("text", "integer", "number", "date")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenColumn:
    """Describe one column of open data.

    Attributes:
        name: key for machines.
        kind: text, integer, number or date.
        ja: heading.
        en: heading.
        xroad: dotted path in xROAD; empty where it has none.
        about_ja: what it means.
        about_en: what it means.
    """

    name: str
    kind: str
    ja: str
    en: str
    xroad: str
    about_ja: str
    about_en: str


@lru_cache(maxsize=1)
def load_open_columns() -> Sequence[OpenColumn]:
    """Load the columns in their order."""
    return open_columns(load_codelist("open_data_column"))


def open_columns(codelist: Codelist) -> Sequence[OpenColumn]:
    """Build the columns from their code-list.

    Raises:
        BadCodelist: when a row is wrong, or a name, a heading or a path stands twice.
    """
    try:
        columns = [
            OpenColumn(
                name=str(row["name"]),
                kind=str(row["type"]),
                ja=str(row["ja"]),
                en=str(row["en"]),
                xroad=str(row.get("xroad", "")),
                about_ja=str(row["about_ja"]),
                about_en=str(row["about_en"]),
            )
            for row in codelist.rows()
        ]
    except KeyError as error:
        raise BadCodelist(f"code-list {codelist.id!r}: a row lacks {error}") from error
    for field in ("name", "ja", "en", "xroad"):
        values = [value for column in columns if (value := getattr(column, field))]
        if len(set(values)) < len(values):
            raise BadCodelist(f"code-list {codelist.id!r} has a {field} twice")
    wrong = [column.name for column in columns if column.kind not in KINDS]
    if wrong:
        raise BadCodelist(f"code-list {codelist.id!r}: {wrong} must be one of {', '.join(KINDS)}")
    return tuple(columns)


@lru_cache(maxsize=1)
def load_redaction_rule() -> RedactionRule:
    """Load the rules of the redaction gate."""
    return redaction_rule(load_codelist("redaction_rule"))


def redaction_rule(codelist: Codelist) -> RedactionRule:
    """Build the rules of the gate from their code-list.

    Raises:
        BadCodelist: when a number, a soundness or a pattern is wrong.
    """
    try:
        rule = RedactionRule(
            version=codelist.version,
            position_decimals=whole(codelist["position_decimals"]),
            blurred_mesh_digits=whole(codelist["blurred_mesh_digits"]),
            withhold_damage_of=frozenset(map(str, codelist["withhold_damage_of"])),
            least_assets_per_mesh=whole(codelist["least_assets_per_mesh"]),
            done_words=tuple(map(str, codelist["done_words"])),
            free_text=tuple(map(str, codelist["free_text"])),
            forbidden=tuple(
                Forbidden(
                    code=str(row["code"]),
                    ja=str(row["ja"]),
                    en=str(row["en"]),
                    pattern=re.compile(row["pattern"]),
                )
                for row in codelist["forbidden"]
            ),
            columns_ja={column.name: column.ja for column in load_open_columns()},
        )
    except (KeyError, TypeError, ValueError, re.error, BadInput) as error:
        raise BadCodelist(f"code-list {codelist.id!r}: {error!r}") from error
    if not 0 <= rule.position_decimals <= 7 or not rule.withhold_damage_of <= set(LEVELS):
        raise BadCodelist(
            f"code-list {codelist.id!r}: 0 to 7 decimals and soundness I to IV are possible, got "
            f"{rule.position_decimals} and {sorted(rule.withhold_damage_of)}"
        )
    if rule.least_assets_per_mesh < 1:
        raise BadCodelist(f"code-list {codelist.id!r}: a cell needs at least one asset")
    return rule
