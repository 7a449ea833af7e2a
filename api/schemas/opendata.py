"""Schemas of open data: CKAN's envelopes, and figures."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from api.schemas.base import Shape


class CkanAnswer(BaseModel):
    """Wrap an answer as CKAN does."""

    help: str
    success: bool


class CkanList(CkanAnswer):
    """List names."""

    result: list[str]


class CkanPackage(CkanAnswer):
    """Describe one package; its fields are CKAN's."""

    result: dict[str, Any]


class CkanError(CkanAnswer):
    """Say in CKAN's words what went wrong."""

    error: dict[str, str]


class CkanFound(BaseModel):
    """Carry what a search found."""

    model_config = ConfigDict(extra="allow")

    count: int
    results: list[dict[str, Any]]


class CkanSearch(CkanAnswer):
    """Carry the answer to a search."""

    result: CkanFound


class DailyFigures(Shape):
    """Carry the figures of one day in Japan."""

    day: str
    figures: dict[str, Any]


class MonthlyFigures(Shape):
    """Carry the figures of one frozen month."""

    month: str
    taken_at: datetime
    figures: dict[str, Any]


class DailyList(Shape):
    """List the figures of days, newest first."""

    days: list[DailyFigures]


class MonthlyList(Shape):
    """List the figures of frozen months, newest first."""

    months: list[MonthlyFigures]
