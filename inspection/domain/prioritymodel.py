"""Hold a priority model as values: how attributes of an asset turn into points.

Source: domain specification §5.2; the numbers are data (``codelists/priority_v1.yaml``).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from inspection.domain.notation import read_codes
from inspection.errors import BadInput

Attribute = str | float | bool

NOT_INSPECTED = "not_inspected"
"""The base of an asset that nobody has diagnosed, or whose inspection is long overdue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Explain some points of a part.

    Attributes:
        code: language-neutral, such as ``salt_II``.
        points: may be negative (a cap).
        ja: why.
        en: why.
        origin: ``known``, ``neutral`` (unknown, middle level taken), ``candidate`` (a machine's
            proposal that nobody has reviewed) or ``derived``.
    """

    code: str
    points: float
    ja: str
    en: str
    origin: str = "known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Give points for one level of a factor."""

    points: float
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """Give points = clamp((value − start)·per, 0, most)."""

    start: float
    per: float
    most: float
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """Turn one attribute of an asset into points.

    Attributes:
        name: the attribute.
        ja: what it is.
        en: what it is.
        neutral: what counts while it is unknown.
        levels: by text; ``true`` and ``false`` for yes and no.
        bands: by number, ascending lower bounds.
        ramp: by number.
        contains: the attribute lists several codes, read in capitals.
        optional: unknown is usual and not reported as missing.
    """

    name: str
    ja: str
    en: str
    neutral: Step
    levels: Mapping[str, Step]
    bands: tuple[tuple[float, Step], ...] = ()
    ramp: Ramp | None = None
    contains: bool = False
    optional: bool = False

    def items(self, value: Attribute | None, origin: str = "known") -> tuple[Item, ...]:
        """Give the points of a value; None means unknown.

        Raises:
            BadInput: when the attribute has a value that the model does not know.
        """
        if value is None:
            return self._item(self.neutral, f"{self.name}?", "neutral")
        if isinstance(value, str) and self.contains:
            steps = [self.levels[code] for code in read_codes(value) if code in self.levels]
            return tuple(item for step in steps for item in self._item(step, step.code, origin))
        step = self._step(value)
        return self._item(step, step.code or self.name, origin)

    def _step(self, value: Attribute) -> Step:
        """Find the step of a value."""
        text = str(value).lower() if isinstance(value, bool) else _plain(value)
        if text in self.levels:
            return self.levels[text]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and float(value) >= 0 and self.ramp is not None:
            points = min(max((float(value) - self.ramp.start) * self.ramp.per, 0), self.ramp.most)
            return Step(points=points, code=self.ramp.code.replace("{v}", text))
        if is_number and self.bands and float(value) >= self.bands[0][0]:
            step = [step for bound, step in self.bands if float(value) >= bound][-1]
            return Step(points=step.points, code=step.code.replace("{v}", text))
        allowed = sorted(self.levels) + (["a number ≥ 0"] if self.bands or self.ramp else [])
        raise BadInput(f"attribute {self.name!r} is {value!r}; allowed: {', '.join(allowed)}")

    def _item(self, step: Step, code: str, origin: str) -> tuple[Item, ...]:
        """Give an item when there are points, nothing otherwise."""
        if not step.points:
            return ()
        return (Item(code=code, points=step.points, ja=self.ja, en=self.en, origin=origin),)


def _plain(value: Attribute) -> str:
    """Write a value without a needless decimal point."""
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """Give the base points of a condition and the cap of L."""

    points: float
    cap: float
    ja: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Give the points that a condition reaches after some years; 0 years means at once."""

    points: float
    years: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KindModel:
    """Hold the tables for one kind of asset.

    Attributes:
        condition: attribute with the engineer's diagnosis.
        bases: base and cap by condition.
        likelihood: factors of L.
        consequence: factors of C.
        timing: T by condition, and ``overdue``.
    """

    condition: str
    bases: Mapping[str, Base]
    likelihood: tuple[Factor, ...]
    consequence: tuple[Factor, ...]
    timing: Mapping[str, Timing]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityModel:
    """Order the defects of one asset: severity = grade + width + size, 0–10."""

    grade: Mapping[str, float]
    ungraded: float
    width_most: float
    width_full_at_mm: float
    length_most: float
    length_full_at_m: float
    area_most: float
    area_full_at_m2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityModel:
    """Hold a priority model as its code-list gives it.

    Attributes:
        id: code-list.
        version: of the code-list.
        weights: of L, C and T.
        missing_costs: confidence lost per unknown attribute.
        candidate_costs: confidence lost when the condition is a machine's proposal.
        kinds: tables by kind of asset.
        severity: order of the defects of one asset.
        falling_days: days within which loose concrete over people must be removed.
    """

    id: str
    version: str
    weights: Mapping[str, float]
    missing_costs: float
    candidate_costs: float
    kinds: Mapping[str, KindModel]
    severity: SeverityModel
    falling_days: int
