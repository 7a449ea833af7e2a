"""Load names, colours and damage types of what a machine can see."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from inspection.codelists.codelist import Codelist, load_codelist, whole
from inspection.domain.grade import GRADES
from inspection.domain.taxonomy import LINEAR_CLASSES, DamageClass
from inspection.errors import BadCodelist


@dataclass(frozen=True, slots=True, kw_only=True)
class DamageType:
    """Describe one of the 26 Japanese damage types.

    Attributes:
        number: 1–26.
        ja: name.
        en: name.
        material: steel, concrete, other or common.
        grades: the letters that the type uses.
        drone_rgb: yes, partly or no: whether colour photos of a flight can show it.
    """

    number: int
    ja: str
    en: str
    material: str
    grades: tuple[str, ...]
    drone_rgb: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DamageLabel:
    """Describe one class of the internal ontology for people.

    Attributes:
        damage_class: the class.
        ja: name.
        en: name.
        colour: ``#RRGGBB``.
        linear: measured along a skeleton.
        jp_types: numbers of the Japanese damage types, the usual one first.
        appearance_grades: letters that the sight alone allows; a person narrows them down.
        needs_review: not yet checked against the official text.
    """

    damage_class: DamageClass
    ja: str
    en: str
    colour: str
    linear: bool
    jp_types: tuple[int, ...]
    appearance_grades: tuple[str, ...]
    needs_review: bool


@lru_cache(maxsize=1)
def load_damage_types() -> Mapping[int, DamageType]:
    """Load the 26 damage types by number."""
    return damage_types(load_codelist("jp_damage_type"))


def damage_types(codelist: Codelist) -> Mapping[int, DamageType]:
    """Build the damage types from their code-list.

    Raises:
        BadCodelist: when they are not the numbers 1 to 26, or a row is wrong.
    """
    types = [_type(row, codelist.id) for row in codelist.rows()]
    if [kind.number for kind in types] != list(range(1, 27)):
        raise BadCodelist(f"code-list {codelist.id!r} must have the numbers 1 to 26 in order")
    return {kind.number: kind for kind in types}


def _type(row: Mapping[str, Any], name: str) -> DamageType:
    """Build one damage type."""
    try:
        return DamageType(
            number=whole(row["number"]),
            ja=str(row["ja"]),
            en=str(row["en"]),
            material=_one_of(row["material"], ("steel", "concrete", "other", "common")),
            grades=_letters(row["grades"]),
            drone_rgb=_one_of(row["drone_rgb"], ("yes", "partly", "no")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadCodelist(f"code-list {name!r}, row {row.get('number')!r}: {error!r}") from error


@lru_cache(maxsize=1)
def load_damage_labels() -> Mapping[DamageClass, DamageLabel]:
    """Load the names and colours of every damage class."""
    return damage_labels(load_codelist("damage_class"))


def damage_labels(codelist: Codelist) -> Mapping[DamageClass, DamageLabel]:
    """Build the labels from their code-list.

    Raises:
        BadCodelist: when a class is missing, doubled or unknown, or a row contradicts the taxonomy.
    """
    labels = [_label(row, codelist.id) for row in codelist.rows()]
    found = [label.damage_class for label in labels]
    if sorted(found) != sorted(DamageClass):
        missing = sorted(set(DamageClass) - set(found))
        raise BadCodelist(f"code-list {codelist.id!r} needs each class once; missing {missing}")
    return {label.damage_class: label for label in labels}


def _label(row: Mapping[str, Any], name: str) -> DamageLabel:
    """Build one label."""
    try:
        damage_class = DamageClass(row["code"])
        linear = _one_of(row["geometry"], ("line", "area")) == "line"
        if linear != (damage_class in LINEAR_CLASSES):
            raise ValueError(f"geometry {row['geometry']!r} contradicts the taxonomy")
        return DamageLabel(
            damage_class=damage_class,
            ja=str(row["ja"]),
            en=str(row["en"]),
            colour=_colour(row["colour"]),
            linear=linear,
            jp_types=tuple(whole(_one_of(no, range(1, 27))) for no in row["jp_types"]),
            appearance_grades=_letters(row["appearance_grades"]),
            needs_review=bool(row["needs_review"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadCodelist(f"code-list {name!r}, row {row.get('code')!r}: {error!r}") from error


def _letters(value: Any) -> tuple[str, ...]:  # noqa: ANN401 a value of a YAML file
    """Give grade letters in ascending order."""
    letters = tuple(str(letter) for letter in value)
    if list(letters) != sorted(set(letters)) or not set(letters) <= set(GRADES):
        raise ValueError(f"grades must be ascending letters of {GRADES}, got {letters}")
    return letters


def _one_of(value: Any, allowed: Any) -> Any:  # noqa: ANN401 a value of a YAML file
    """Give a value that must be one of some."""
    if value not in allowed:
        raise ValueError(f"{value!r} is none of {list(allowed)}")
    return value


def _colour(value: Any) -> str:  # noqa: ANN401 a value of a YAML file
    """Give a colour ``#RRGGBB``."""
    text = str(value)
    if len(text) != 7 or text[0] != "#" or set(text[1:].upper()) - set("0123456789ABCDEF"):
        raise ValueError(f"{value!r} is no colour #RRGGBB")
    return text
