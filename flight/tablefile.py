"""Read the small tables of ``flight``: YAML files with a version and a list of mappings."""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from inspection.errors import BadCodelist

VERSION = 1


def read_rows(name: str, key: str, *, path: Path | None = None) -> list[Mapping[str, Any]]:
    """Read the rows of a table that ships with Tenken, or of a file of the user in its place.

    Args:
        name: file name in ``flight/``.
        key: of the list in the file.
        path: the user's own file.

    Raises:
        BadCodelist: when the file cannot be read, or is not such a table.
    """
    label = name if path is None else path.name
    try:
        source = resources.files("flight").joinpath(name) if path is None else path
        content = yaml.safe_load(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadCodelist(f"{label} cannot be read: {error}") from error
    rows = content.get(key) if isinstance(content, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadCodelist(f"{label} needs a list {key!r} of mappings")
    if content.get("version") != VERSION:
        raise BadCodelist(f"{label}: version {content.get('version')!r} is not {VERSION}")
    codes = [row.get("code") for row in rows]
    known = {code for code in codes if isinstance(code, str) and code}
    if len(known) != len(codes):
        raise BadCodelist(f"{label}: every row needs a code of its own, got {codes}")
    return rows
