"""Shapes of code-lists: names and colours that the pages show."""

from typing import Self

from pydantic import Field

from api.schemas.base import Shape
from inspection.codelists.damage_classes import DamageLabel
from inspection.domain.review import RejectReason
from inspection.domain.taxonomy import DamageClass, is_defect


class DamageClassOut(Shape):
    """Name one class of damage for people."""

    code: DamageClass
    ja: str
    en: str
    colour: str = Field(description="#RRGGBB")
    linear: bool = Field(description="measured along a line: length and width")
    is_defect: bool = Field(description="False for what only looks like damage")

    @classmethod
    def of(cls, label: DamageLabel) -> Self:
        """Show a label of the code-list."""
        return cls(
            code=label.damage_class,
            ja=label.ja,
            en=label.en,
            colour=label.colour,
            linear=label.linear,
            is_defect=is_defect(label.damage_class),
        )


class DamageClassList(Shape):
    """List what a machine can see, and the reasons for which a person may reject it."""

    damage_classes: list[DamageClassOut]
    reject_reasons: list[RejectReason]
