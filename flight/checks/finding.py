"""Say what a check found: pass, warn or refuse, with the reason as a key and its figures.

A finding holds no sentence. ``flight.checks.words`` turns key and figures into Japanese or
English, so that both languages say the same and a program can read the figures.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from inspection.errors import BadInput


class Outcome(StrEnum):
    """Say how a check ended."""

    PASS = "pass"  # noqa: S105 no password
    WARN = "warn"
    REFUSE = "refuse"

    @property
    def gravity(self) -> int:
        """Give 0 for pass, 1 for warn, 2 for refuse.

        >>> max(Outcome.PASS, Outcome.REFUSE, key=lambda o: o.gravity).value
        'refuse'
        """
        return list(Outcome).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bilingual:
    """Carry one text in both languages."""

    en: str
    ja: str

    def __post_init__(self) -> None:
        """Check that neither language is empty."""
        if not self.en.strip() or not self.ja.strip():
            raise BadInput(f"a text needs both languages, got en {self.en!r}, ja {self.ja!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Carry the answer of one check.

    Attributes:
        check: stable name of the check, as ``--override`` takes it.
        outcome: pass, warn or refuse.
        reason: key of the wording.
        source: where the limit comes from.
        facts: numbers (with their unit in the name) and names that the wording quotes.
        title: name of the check where the wording table has none, as for rules of a file.
        note: what else the rule file says.
        items: numbers of the mission's items concerned, home being 0.
        place_latlon_deg: (latitude, longitude) of the worst place, None where there is none.
        needs_review: the limit has not been checked against the official text.
    """

    check: str
    outcome: Outcome
    reason: str
    source: str
    facts: Mapping[str, float | int | str] = field(default_factory=dict)
    title: Bilingual | None = None
    note: Bilingual | None = None
    items: tuple[int, ...] = ()
    place_latlon_deg: tuple[float, float] | None = None
    needs_review: bool = False

    def __post_init__(self) -> None:
        """Check that there is a source and that no figure is NaN or infinite."""
        if not self.source.strip():
            raise BadInput(f"check {self.check!r} names no source for its limit")
        for name, value in self.facts.items():
            if isinstance(value, float) and not math.isfinite(value):
                raise BadInput(f"check {self.check!r}: {name} is {value}, not a finite number")

    @property
    def digest(self) -> str:
        """Give the sha256 of what was found.

        An override holds for this statement only: the same check with a stronger wind or a
        shorter distance is another statement.

        >>> one = Finding(check="c", outcome=Outcome.REFUSE, reason="r", source="s", facts={"m": 1})
        >>> one.digest == Finding(check="c", outcome=Outcome.REFUSE, reason="r", source="s").digest
        False
        """
        said = [self.check, self.outcome.value, self.reason, sorted(self.facts.items())]
        text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def worst(findings: tuple[Finding, ...]) -> Outcome:
    """Give the gravest outcome; nothing found is a pass.

    >>> worst(()).value
    'pass'
    """
    outcomes = (finding.outcome for finding in findings)
    return max(outcomes, key=lambda outcome: outcome.gravity, default=Outcome.PASS)
