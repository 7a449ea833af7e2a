"""Read and write the one-line damage record of Japanese inspection forms.

::

    ⑥ひびわれ(中大)-d→e[0.25mm/0.5m未満]パターン②(分類6:遊離石灰を伴う)
    │        │     │ │  │                │        └ classification, with free words
    │        │     │ │  │                └ pattern of cracks
    │        │     │ │  └ what was measured
    │        │     │ └ grade now; before the arrow that of the inspection before
    │        │     └ grade a–e
    │        └ classes of two factors, such as width and spacing
    └ number and name of the damage type
    NON                                    no damage, grade a

Source: domain specification §1.4, §1.6 (S-1, S-5).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from inspection.domain.grade import GRADES
from inspection.domain.notation import circled, fold, read_circled
from inspection.errors import BadInput

NO_DAMAGE = "NON"
MOST_CIRCLED = 35
"""Greatest pattern that is read in a circle; others are digits."""

_LINE = re.compile(
    r"""(?P<circle>.)\s*(?P<name>[^(（\[［→‐－-]+?)\s*
    (?:[(（](?P<factors>[大中小]{1,2})[)）])?\s*
    [-－‐−]\s*(?P<first>[a-eａ-ｅ])\s*(?:[→⇒]\s*(?P<then>[a-eａ-ｅ]))?\s*
    (?:[\[［](?P<values>[^\]］]*)[\]］])?\s*
    (?:パターン\s*(?P<pattern>[①-⑳㉑-㉟]|[0-9０-９]{1,2}))?\s*
    (?:[(（]分類\s*(?P<division>[0-9０-９]{1,2})(?:\s*[:：]\s*(?P<words>.*?))?[)）])?""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedType:
    """Name a damage type for records, and the letters that it uses."""

    ja: str
    grades: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DamageRecord:
    """Carry one line of a damage record.

    Attributes:
        number: damage type 1–26; None for ``NON``.
        grade: a–e.
        previous: grade of the inspection before, None when there was none.
        factors: one or two of 大中小, as the matrix of the type has them; empty for other types.
        values: what was measured, as it was written; empty when nothing was.
        pattern: number of the pattern of cracks, None when not given.
        division: number of the classification (分類), None when not given.
        words: free words beside the classification.
    """

    number: int | None
    grade: str
    previous: str | None = None
    factors: str = ""
    values: str = ""
    pattern: int | None = None
    division: int | None = None
    words: str = ""

    def __post_init__(self) -> None:
        """Check what can be checked without the code-list."""
        for letter in (self.grade, self.previous):
            if letter is not None and letter not in tuple(GRADES):
                raise BadInput(f"a grade is one of a to e, got {letter!r}")
        if self.number is None and self.grade != "a":
            raise BadInput(f"{NO_DAMAGE} means grade a, got {self.grade!r}")

    @property
    def worsened_steps(self) -> int:
        """Count by how many letters the grade is worse than before; 0 when it is not.

        >>> DamageRecord(number=7, grade="e", previous="c").worsened_steps
        2
        """
        if self.previous is None:
            return 0
        return max(0, GRADES.index(self.grade) - GRADES.index(self.previous))


def read_record(text: str, *, types: Mapping[int, NamedType]) -> DamageRecord:
    """Read one line.

    Args:
        text: the line.
        types: names and letters by number (code-list ``jp_damage_type``).

    Raises:
        BadInput: when it is no record, number and name disagree, or the type has no such letter.

    >>> types = {6: NamedType(ja="ひびわれ", grades=tuple("abcde"))}
    >>> found = read_record("⑥ひびわれ(中大)-d→e[0.25mm/0.5m未満]パターン②", types=types)
    >>> found.previous, found.grade, found.factors, found.values, found.pattern
    ('d', 'e', '中大', '0.25mm/0.5m未満', 2)
    """
    line = text.strip()
    if fold(line).upper().rstrip("-A") == NO_DAMAGE:
        return DamageRecord(number=None, grade="a")
    found = _LINE.fullmatch(line)
    if found is None:
        raise BadInput(f"{text!r} is no damage record such as ⑥ひびわれ(中大)-d, nor NON")
    number = read_circled(found["circle"])
    if number is None or number not in types:
        raise BadInput(f"{text!r} begins with {found['circle']!r}, not with ① to ㉖")
    if _bare(found["name"]) != _bare(types[number].ja):
        raise BadInput(f"{text!r}: {circled(number)} is {types[number].ja}, not {found['name']}")
    first, then = fold(found["first"]), found["then"] and fold(found["then"])
    for letter in (first, then):
        if letter and letter not in types[number].grades:
            allowed = ", ".join(types[number].grades)
            raise BadInput(f"{text!r}: {types[number].ja} has no grade {letter}; it has {allowed}")
    return DamageRecord(
        number=number,
        grade=then or first,
        previous=first if then else None,
        factors=found["factors"] or "",
        values=found["values"] or "",
        pattern=_number(found["pattern"]),
        division=_number(found["division"]),
        words=found["words"] or "",
    )


def print_record(record: DamageRecord, *, types: Mapping[int, NamedType]) -> str:
    """Write one line; what was read comes back the same.

    >>> types = {7: NamedType(ja="剥離・鉄筋露出", grades=tuple("acde"))}
    >>> print_record(DamageRecord(number=7, grade="d", previous="c"), types=types)
    '⑦剥離・鉄筋露出-c→d'
    """
    if record.number is None:
        return NO_DAMAGE
    parts = [circled(record.number), types[record.number].ja]
    parts += [f"({record.factors})"] if record.factors else []
    parts += [f"-{record.previous}→{record.grade}" if record.previous else f"-{record.grade}"]
    parts += [f"[{record.values}]"] if record.values else []
    if record.pattern is not None:
        circle = 1 <= record.pattern <= MOST_CIRCLED
        parts += [f"パターン{circled(record.pattern) if circle else record.pattern}"]
    if record.division is not None:
        words = f":{record.words}" if record.words else ""
        parts += [f"(分類{record.division}{words})"]
    return "".join(parts)


def _bare(name: str) -> str:
    """Give a name without the dots and spaces that people set differently."""
    return re.sub(r"[\s・･,、/]", "", fold(name))


def _number(text: str | None) -> int | None:
    """Read a number in a circle or in digits of any width."""
    if not text:
        return None
    inside = read_circled(text)
    return int(fold(text)) if inside is None else inside
