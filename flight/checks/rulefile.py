"""Read rule files: what an authority, an owner or a manual demands of a flight, as data.

A rule file is YAML with a head (where it comes from, since when it holds, who looked at it when)
and rules of a few kinds. Nothing legal stands in code; what a rule file says is what its author
typed, and the report quotes the day on which it was last compared with the official text.
"""

from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, ValidationError, field_validator

from inspection.errors import BadCodelist, NotFound

MAX_BYTES = 1_000_000
PACKAGE = "flight.rules"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(_Strict):
    """Carry one text in both languages."""

    en: str = Field(min_length=1)
    ja: str = Field(min_length=1)


class NearStructure(_Strict):
    """Say where a height limit does not hold, because a structure stands there.

    Attributes:
        within_m: distance from the structure.
        above_m: how far above its top the exemption reaches; None means no limit.
        least_height_m: of the structure above ground; lower ones exempt nothing.
        horizontal: the distance is counted across, not straight.
    """

    within_m: float = Field(gt=0)
    above_m: float | None = Field(default=None, ge=0)
    least_height_m: float = Field(default=0.0, ge=0)
    horizontal: bool = False


class _Rule(_Strict):
    """Carry what every rule has."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Text
    outcome: Literal["warn", "refuse"]
    source: str = Field(min_length=1)
    note: Text | None = None
    needs_review: bool = False


class HeightRule(_Rule):
    """Limit the height above ground or water."""

    kind: Literal["height"]
    limit_m: float = Field(gt=0)
    near_structure: NearStructure | None = None


class DistanceRule(_Rule):
    """Keep a straight-line distance from everything in a layer."""

    kind: Literal["distance"]
    layer: str
    limit_m: float = Field(gt=0)


class ZoneRule(_Rule):
    """Stay out of the areas of a layer."""

    kind: Literal["zone"]
    layer: str


class SightRule(_Rule):
    """Keep the craft in sight of the pilot.

    Attributes:
        limit_m: greatest distance; None derives one from the size of the craft.
    """

    kind: Literal["sight"]
    limit_m: float | None = Field(default=None, gt=0)


class DaylightRule(_Rule):
    """Fly by day.

    Attributes:
        sun_above_deg: least height of the sun's centre (-0.833 sunrise, -6 civil twilight).
    """

    kind: Literal["daylight"]
    sun_above_deg: float = Field(ge=-18, le=10)


class WindRule(_Rule):
    """Limit the wind."""

    kind: Literal["wind"]
    limit_m_s: float = Field(gt=0)


class SpeedRule(_Rule):
    """Limit the speed."""

    kind: Literal["speed"]
    limit_m_s: float = Field(gt=0)


class ConfirmRule(_Rule):
    """Name what only a person can confirm; it stays open in the report."""

    kind: Literal["confirm"]


Rule = Annotated[
    HeightRule
    | DistanceRule
    | ZoneRule
    | SightRule
    | DaylightRule
    | WindRule
    | SpeedRule
    | ConfirmRule,
    Field(discriminator="kind"),
]


class LayerFile(_Strict):
    """Name a layer that comes with a rule file."""

    name: str
    file: str
    complete: Literal[False] = False


class RuleSet(_Strict):
    """Carry a rule file.

    Attributes:
        id: stable name; a check is called ``<id>.<rule id>``.
        title: for people.
        country: ISO 3166 code.
        source_url: where the official text stands.
        valid_from: since when these limits hold.
        reviewed_on: when somebody last went through the file.
        needs_review: not every limit has been compared with the official text.
        layers: that come with the file, by the name that rules use.
        rules: the rules.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Text
    country: str = Field(pattern=r"^([A-Z]{2}|EU)$")
    source_url: HttpUrl
    valid_from: date
    reviewed_on: date
    needs_review: bool
    layers: tuple[LayerFile, ...] = ()
    rules: tuple[Rule, ...] = Field(min_length=1)

    @field_validator("rules")
    @classmethod
    def _once(cls, rules: tuple[_Rule, ...]) -> tuple[_Rule, ...]:
        ids = [rule.id for rule in rules]
        twice = sorted({one for one in ids if ids.count(one) > 1})
        if twice:
            raise ValueError(f"rule ids must be unique, these are there twice: {twice}")
        return rules


def shipped_rules() -> tuple[str, ...]:
    """Name the rule files that ship with Tenken.

    >>> "jp_uas_rule" in shipped_rules()
    True
    """
    files = resources.files(PACKAGE).iterdir()
    return tuple(sorted(f.name[: -len(".yaml")] for f in files if f.name.endswith(".yaml")))


def load_rules(name_or_file: str) -> RuleSet:
    """Read a rule file by the name of a shipped one, or from a path.

    Raises:
        NotFound: when there is neither.
        BadCodelist: when it breaks the rules of rule files.
    """
    if name_or_file in shipped_rules():
        text = resources.files(PACKAGE).joinpath(f"{name_or_file}.yaml").read_text("utf-8")
        return parse_rules(text, f"{name_or_file}.yaml")
    path = Path(name_or_file)
    if not path.is_file():
        raise NotFound(
            f"there is no rule file {name_or_file!r}; give a path, or one of "
            f"{', '.join(shipped_rules())}"
        )
    if path.stat().st_size > MAX_BYTES:
        raise BadCodelist(f"{path.name} is larger than {MAX_BYTES} bytes; is it a rule file?")
    try:
        return parse_rules(path.read_text("utf-8"), path.name)
    except UnicodeDecodeError as error:
        raise BadCodelist(f"{path.name} is not UTF-8 text: {error}") from error


def parse_rules(text: str, name: str) -> RuleSet:
    """Check the text of a rule file.

    Raises:
        BadCodelist: naming every field that is wrong, with its value.
    """
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadCodelist(f"{name} is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise BadCodelist(f"{name} must be one mapping with id, title, rules, …")
    try:
        return RuleSet.model_validate(content)
    except ValidationError as error:
        errors = error.errors()
        inner = [one for one in errors if len(one["loc"]) > 1]
        # a list whose members are wrong is also "too short": that is no news
        told = [one for one in errors if not (inner and one["type"] == "too_short")]
        wrong = "; ".join(_say(one["loc"], one["msg"], one["input"]) for one in told)
        raise BadCodelist(f"{name} is no rule file: {wrong}") from error


def _say(where: tuple[int | str, ...], message: str, value: object) -> str:
    """Say what is wrong with one field."""
    shown = "" if isinstance(value, dict) else f" (got {value!r})"
    return f"{'.'.join(map(str, where)) or 'file'}: {message}{shown}"
