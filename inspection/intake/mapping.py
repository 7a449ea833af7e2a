"""Say which column of a file means which field: proposed from the headings, corrected by people."""

from collections.abc import Mapping
from dataclasses import dataclass

from inspection.codelists.columns import LedgerField, heading_key
from inspection.errors import BadInput
from inspection.intake.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """Carry which column means which field.

    Attributes:
        columns: index of the column by field.
        unused: headings that mean nothing to us, or that another column of the same field beat.
    """

    columns: Mapping[str, int]
    unused: tuple[str, ...]

    def heading(self, table: Table, field: str) -> str:
        """Give the heading of the column of a field."""
        return table.heading[self.columns[field]]


def map_columns(
    table: Table,
    fields: Mapping[str, LedgerField],
    *,
    chosen: Mapping[str, str] | None = None,
    needed: tuple[str, ...] = ("asset_id",),
) -> ColumnMapping:
    """Propose which column means which field; what people chose wins.

    Args:
        table: the file.
        fields: known fields.
        chosen: field by heading; an empty field leaves the column out.
        needed: fields without which no row can be read.

    Raises:
        BadInput: when a choice names no column or field, or two columns for one field, or a
            needed field has no column.
    """
    columns = _propose(table, fields)
    for heading, field in (chosen or {}).items():
        index = _index(table, heading)
        if field and field not in fields:
            raise BadInput(f"there is no field {field!r}; fields are {', '.join(fields)}")
        columns = {name: at for name, at in columns.items() if at != index and name != field}
        if field:
            columns[field] = index
    wanted = [name for name in (chosen or {}).values() if name]
    doubled = sorted({name for name in wanted if wanted.count(name) > 1})
    if doubled:
        raise BadInput(f"two columns were chosen for {', '.join(doubled)}")
    missing = [name for name in needed if name not in columns]
    if missing:
        raise BadInput(
            f"{table.name} has no column for {', '.join(missing)}; its columns are "
            f"{', '.join(h for h in table.heading if h)}: say which with --map COLUMN=FIELD"
        )
    used = set(columns.values())
    unused = tuple(h for i, h in enumerate(table.heading) if h and i not in used)
    return ColumnMapping(
        columns=dict(sorted(columns.items(), key=lambda pair: pair[1])), unused=unused
    )


def _propose(table: Table, fields: Mapping[str, LedgerField]) -> dict[str, int]:
    """Take for each field the column whose heading stands first among its aliases."""
    keys = [heading_key(heading) for heading in table.heading]
    found: dict[str, int] = {}
    for name, field in fields.items():
        index = next((keys.index(alias) for alias in field.aliases if alias in keys), None)
        if index is not None:
            found[name] = index
    return found


def _index(table: Table, heading: str) -> int:
    """Find a column by its heading, exactly or folded."""
    if heading in table.heading:
        return table.heading.index(heading)
    keys = [heading_key(name) for name in table.heading]
    if heading_key(heading) not in keys:
        raise BadInput(f"{table.name} has no column {heading!r}; it has {', '.join(table.heading)}")
    return keys.index(heading_key(heading))


def read_choices(pairs: tuple[str, ...]) -> dict[str, str]:
    """Read ``COLUMN=FIELD`` pairs of a command line; ``COLUMN=`` leaves a column out.

    >>> read_choices(("整理番号=asset_id", "備考="))
    {'整理番号': 'asset_id', '備考': ''}
    """
    found: dict[str, str] = {}
    for pair in pairs:
        heading, sign, field = pair.rpartition("=")
        if not sign or not heading:
            raise BadInput(f"{pair!r} must be COLUMN=FIELD, such as 整理番号=asset_id")
        found[heading] = field.strip()
    return found
