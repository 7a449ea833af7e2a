"""Shapes of publication: what the gate would let out, what is public, and the decisions."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field

from api.schemas.base import Shape
from api.schemas.inspection import Decided
from inspection.codelists.opendata import load_open_columns
from inspection.domain.gateword import GateCode, GateWord
from inspection.domain.publicrow import Redacted
from inspection.domain.release import InspectionState
from inspection.pipeline.publish import Prospect


class ColumnOut(Shape):
    """Show one column of the open data."""

    name: str
    ja: str
    en: str
    public: str = Field(description="what everybody sees now; empty where nothing is public")
    would_be: str = Field(description="what they would see; empty where nothing would be")


class GateWordOut(Shape):
    """Say one thing that the gate did, or why it lets nothing out."""

    code: GateCode
    ja: str
    en: str

    @classmethod
    def of(cls, word: GateWord) -> Self:
        """Say it in both languages."""
        return cls(code=word.code, ja=word.ja, en=word.en)


class PublicationOut(Shape):
    """Show what of an inspection is public, and what the next release would publish."""

    asset_id: str
    fiscal_year: int
    state: InspectionState
    version: int = Field(description="send it back as expected_version")
    is_public: bool
    stopped: GateWordOut | None = Field(
        description="why the gate lets nothing out, and what helps; null where it does"
    )
    applied: list[GateWordOut] = Field(description="what the gate rounds, blurs or withholds")
    damages_public: int = Field(description="single damages that everybody sees now")
    damages_would_be: int
    columns: list[ColumnOut]

    @classmethod
    def of(cls, found: Prospect) -> Self:
        """Show what would become public."""
        public: Mapping[str, Any] = {} if found.public is None else found.public
        row: Mapping[str, Any] = public.get("row", {})
        passed: Redacted | None = found.passed
        would_be = {} if passed is None else passed.row
        return cls(
            asset_id=found.release.asset_id,
            fiscal_year=found.release.fiscal_year,
            state=found.release.state,
            version=found.release.version,
            is_public=found.public is not None,
            stopped=None if found.stopped is None else GateWordOut.of(found.stopped),
            applied=[] if passed is None else [GateWordOut.of(one) for one in passed.applied],
            damages_public=len(public.get("damages", ())),
            damages_would_be=0 if passed is None else len(passed.damages),
            columns=[
                ColumnOut(
                    name=one.name,
                    ja=one.ja,
                    en=one.en,
                    public=_text(row.get(one.name)),
                    would_be=_text(would_be.get(one.name)),
                )
                for one in load_open_columns()
                if row.get(one.name) not in ("", None) or would_be.get(one.name) not in ("", None)
            ],
        )


def _text(value: object) -> str:
    return "" if value is None else str(value)


class PublicationIn(Decided):
    """Publish what was read."""

    blur: bool = Field(
        default=False, description="show the middle of a cell of about 1 km instead of the place"
    )
    show_damage: bool = Field(default=True, description="publish single damages at all")
    pictures: bool = Field(
        default=False,
        description="a blurred picture of each damage whose photo was screened and looked at",
    )


class WithdrawalIn(Decided):
    """Take back what is public."""
