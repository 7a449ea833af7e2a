"""Grade ① 腐食 by depth and area; a photo cannot tell the depth, so a person confirms it.

Source: domain specification §1.5.3 (matrix S-1; 50 % guide K-M).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from inspection.domain.grade import GRADES, GradeCandidate, Reason, Subject
from inspection.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrosionRule:
    """Hold the code-list ``jp_corrosion``.

    Attributes:
        version: version of the code-list.
        type_ja: number and name in records.
        area_share: from this corroded share of the member the area is 大.
        grades: letter by depth and area, such as ``大小``.
        needs_review: not yet checked against the official text.
    """

    version: str
    type_ja: str
    area_share: float
    grades: Mapping[str, str]
    needs_review: bool

    def __post_init__(self) -> None:
        """Check that the matrix is whole and that more corrosion is never better."""
        order = [self.grades.get(key, "") for key in ("小小", "小大", "大小", "大大")]
        if not set(order) <= set(GRADES) or "" in order or order != sorted(order):
            raise BadInput(f"the corrosion matrix needs four ascending letters, got {self.grades}")
        if not 0 < self.area_share < 1:
            raise BadInput(f"area_share must lie between 0 and 1, got {self.area_share}")


def corrosion_grade(deep: bool, area_share: float, *, rule: CorrosionRule) -> str:
    """Give the grade of corrosion of known depth class and corroded share of the member, 0–1.

    Raises:
        BadInput: when the share is no share.
    """
    if not 0 <= area_share <= 1:
        raise BadInput(f"the corroded share must be 0 to 1, got {area_share}")
    if area_share == 0:
        return "a"
    return rule.grades[_key(deep, area_share, rule)]


def corrosion_candidate(
    area_share: float,
    *,
    deep: bool | None,
    rule: CorrosionRule,
    subject_id: str,
    subject: Subject = Subject.MEMBER,
) -> GradeCandidate:
    """Propose the grade of corrosion seen on photos.

    Args:
        area_share: corroded share of the member, 0–1.
        deep: whether the sight suggests loss of thickness (flaking, laminated, pitted,
            perforated); None when it says nothing. Either way a person must confirm the depth.
        rule: the code-list.
        subject_id: what it is about.
        subject: kind of what it is about.
    """
    depths = (False, True) if deep is None else (deep,)
    letters = tuple(sorted({corrosion_grade(d, area_share, rule=rule) for d in depths}))
    settled = deep is not None or area_share == 0
    record = ""
    if deep is not None and area_share > 0:
        record = f"{rule.type_ja}({_key(deep, area_share, rule)})-{letters[0]}"
    return GradeCandidate(
        scheme=f"jp_corrosion/{rule.version}",
        subject=subject,
        subject_id=subject_id,
        candidates=letters,
        best=letters[0] if settled else None,
        borderline=len(letters) > 1,
        unresolved=len(letters) > 1,
        record=record,
        values={"area_share": area_share},
        reasons=(
            Reason(
                code="corroded_area",
                ja=f"錆の面積 {area_share:.0%}（目安 {rule.area_share:.0%}）",
                en=f"{area_share:.0%} of the member is corroded (guide {rule.area_share:.0%})",
            ),
            *(() if area_share == 0 else (_DEPTH,)),
        ),
        needs_review=rule.needs_review,
    )


_DEPTH = Reason(
    code="depth_needs_a_person",
    ja="板厚減少の深さは画像では測れない。人が確認する",
    en="a photo cannot measure the loss of thickness: a person confirms the depth",
)


def _key(deep: bool, area_share: float, rule: CorrosionRule) -> str:
    return ("大" if deep else "小") + ("大" if area_share >= rule.area_share else "小")


def suppress_coating(grades: Mapping[int, str]) -> dict[int, str]:
    """Leave out ⑤ where ① stands at the same place: corrosion alone is recorded.

    >>> suppress_coating({1: "c", 5: "e", 7: "c"})
    {1: 'c', 7: 'c'}
    """
    return {no: letter for no, letter in grades.items() if no != 5 or grades.get(1, "a") == "a"}
