"""Read the file that describes the inspected asset (YAML or JSON, one mapping).

::

    asset_id: ISK-0123            # the owner's identifier, stable over all surveys
    name: 点検橋
    kind: bridge                  # bridge, pavement_section or other
    member: Ds0101                # optional
    concrete: RC                  # RC or PC, optional
    attributes: {adt: 12000}      # optional inputs of the priority model
"""

from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar

import yaml

from inspection.codelists.yamltext import read_yaml
from inspection.domain.asset import Asset, AssetKind, Concrete
from inspection.errors import BadCodelist, NotFound

FIELDS = frozenset({"asset_id", "name", "kind", "member", "concrete", "attributes"})

Choice = TypeVar("Choice", bound=StrEnum)


def load_asset(path: Path) -> Asset:
    """Read an asset from its file.

    Raises:
        NotFound: when the file cannot be read.
        BadCodelist: when it is no mapping, lacks a field or has one that is unknown.
    """
    try:
        document = read_yaml(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise NotFound(f"asset file {path.name} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadCodelist(f"asset file {path.name} is no YAML in UTF-8: {error}") from error
    if not isinstance(document, dict):
        raise BadCodelist(f"asset file {path.name} must hold one mapping with asset_id and name")
    unknown = sorted(str(key) for key in set(document) - FIELDS)
    if unknown:
        raise BadCodelist(f"asset file {path.name}: unknown {unknown}; known are {sorted(FIELDS)}")
    return Asset(
        asset_id=_text(document, "asset_id", path),
        name=_text(document, "name", path),
        kind=_choice(AssetKind, document.get("kind", "other"), "kind", path),
        member=_text(document, "member", path) if "member" in document else "",
        concrete=_choice(Concrete, document.get("concrete", "RC"), "concrete", path),
        attributes=_attributes(document.get("attributes") or {}, path),
    )


def _text(document: dict[str, Any], field: str, path: Path) -> str:
    value = document.get(field)
    if not isinstance(value, str) or not value.strip():
        raise BadCodelist(f"asset file {path.name}: {field} must be text, got {value!r}")
    return value


def _choice(kind: type[Choice], value: object, field: str, path: Path) -> Choice:
    try:
        return kind(str(value))
    except ValueError as error:
        allowed = [choice.value for choice in kind]
        raise BadCodelist(
            f"asset file {path.name}: {field} is {value!r}, must be one of {allowed}"
        ) from error


def _attributes(value: object, path: Path) -> dict[str, str | float | bool]:
    if not isinstance(value, dict):
        raise BadCodelist(f"asset file {path.name}: attributes must be a mapping, got {value!r}")
    for key, entry in value.items():
        known = isinstance(entry, str | int) or (isinstance(entry, float) and isfinite(entry))
        if not isinstance(key, str) or not known:
            raise BadCodelist(
                f"asset file {path.name}: attribute {key!r} must be text, a number or true/false, "
                f"got {entry!r}"
            )
    return value
