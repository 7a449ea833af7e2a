"""Propose soundness I–IV of member groups and of a bridge, and notice contradictions.

There is no official formula from damage grades to soundness. What a machine gives here is a
candidate with its reasons; it never says IV, never enters a record, and a person decides.

Source: domain specification §0.2 rules 1–2, §1.2 (worst of the main members K-H), §1.3
(correspondence K-H, used as a warning only).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from inspection.domain.grade import GradeCandidate, Reason, Subject
from inspection.domain.notation import read_codes
from inspection.errors import BadInput

SOUNDNESS = ("I", "II", "III", "IV")
"""Codes from sound to emergency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundnessRule:
    """Hold the code-list ``soundness_candidate``: worst damage grade → candidate, never IV."""

    version: str
    grades: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberGrade:
    """Carry the worst damage grade that the evidence gives one element or member.

    Attributes:
        group: member group, such as ``Mg`` or ``1/Mg``.
        main: whether the soundness of the bridge rests on it.
        subject_id: the element or member.
        grade: the letter.
        possible: the worst letter that the evidence does not rule out.
        what: the damage in words, such as ``⑥ひびわれ(大大)-e``.
    """

    group: str
    main: bool
    subject_id: str
    grade: str
    possible: str
    what: str = ""


def group_candidates(
    grades: Iterable[MemberGrade], *, asset_id: str, rule: SoundnessRule
) -> dict[str, GradeCandidate]:
    """Propose the soundness of each member group: what its worst grade stands for."""
    groups: dict[str, list[MemberGrade]] = {}
    for grade in grades:
        groups.setdefault(grade.group, []).append(grade)
    return {
        group: _candidate(f"{asset_id}/{group}", Subject.MEMBER, members, rule)
        for group, members in sorted(groups.items())
    }


def bridge_candidate(
    grades: Sequence[MemberGrade], *, asset_id: str, rule: SoundnessRule
) -> GradeCandidate | None:
    """Propose the soundness of a bridge: the worst of its main members; None without any."""
    main = [grade for grade in grades if grade.main]
    return _candidate(asset_id, Subject.ASSET, main, rule) if main else None


def _candidate(
    subject_id: str, subject: Subject, grades: Sequence[MemberGrade], rule: SoundnessRule
) -> GradeCandidate:
    """Propose the soundness that the worst of some grades stands for."""
    worst = max(grades, key=lambda g: (g.grade, g.possible, g.subject_id))
    low = rule.grades[worst.grade]
    high = rule.grades[max(g.possible for g in grades)]
    between = SOUNDNESS[SOUNDNESS.index(low) : SOUNDNESS.index(high) + 1]
    return GradeCandidate(
        scheme=f"soundness_candidate/{rule.version}",
        subject=subject,
        subject_id=subject_id,
        candidates=between,
        best=low if len(between) == 1 else None,
        borderline=len(between) > 1,
        unresolved=len(between) > 1,
        reasons=(
            Reason(
                code=f"worst_grade_{worst.grade}",
                ja=f"最悪の損傷程度 {worst.grade}（{worst.subject_id} {worst.what}）".rstrip(),
                en=f"worst damage grade {worst.grade} ({worst.subject_id} {worst.what})",
            ),
            _NO_FORMULA,
        ),
        needs_review=True,
    )


_NO_FORMULA = Reason(
    code="no_official_formula",
    ja="損傷程度から健全性への公式な換算はない。診断は技術者が行う",
    en="no official formula leads from damage grades to soundness: an engineer diagnoses",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Countermeasure:
    """Describe one class of 対策区分; ``soundness`` is empty where none corresponds (S1, S2)."""

    code: str
    ja: str
    en: str
    soundness: str = ""


def read_countermeasures(text: str, *, known: Mapping[str, Countermeasure]) -> tuple[str, ...]:
    """Read one or several classes, such as ``C2+S1``.

    Raises:
        BadInput: when one is not in the code-list. There is no S3.

    >>> read_countermeasures("C2 + S1", known={"C2": None, "S1": None})
    ('C2', 'S1')
    """
    found = read_codes(text)
    unknown = [code for code in found if code not in known]
    if unknown or not found:
        raise BadInput(
            f"countermeasure {text!r}: {', '.join(unknown) or 'nothing'} is none of "
            f"{', '.join(known)}"
        )
    return found


def inconsistency(
    codes: Sequence[str], soundness: str, *, known: Mapping[str, Countermeasure]
) -> Reason | None:
    """Warn when countermeasure classes and a soundness do not usually stand together.

    The worst class that corresponds to a soundness is compared; S1 and S2 leave it open. It is a
    warning for the person who decides, never a correction.

    Raises:
        BadInput: when the soundness or a class is none of those known.

    >>> known = {c: Countermeasure(code=c, ja="", en="", soundness=s)
    ...     for c, s in (("B", "I"), ("C2", "III"), ("S1", ""))}
    >>> inconsistency(["C2", "S1"], "III", known=known) is None
    True
    >>> inconsistency(["C2"], "II", known=known).code
    'countermeasure_vs_soundness'
    """
    if soundness not in SOUNDNESS:
        raise BadInput(f"soundness {soundness!r} is none of {', '.join(SOUNDNESS)}")
    strange = [code for code in codes if code not in known]
    if strange:
        raise BadInput(f"countermeasure {strange[0]!r} is none of {', '.join(known)}")
    usual = [known[code].soundness for code in codes if known[code].soundness]
    if not usual:
        return None
    expected = max(usual, key=SOUNDNESS.index)
    if expected == soundness:
        return None
    written = "+".join(codes)
    return Reason(
        code="countermeasure_vs_soundness",
        ja=f"対策区分 {written} は通常 健全性 {expected} に対応するが、{soundness} とされている",
        en=f"countermeasure {written} usually goes with soundness {expected}, not {soundness}",
    )
