"""Describe one visit to an asset: the survey, and how its surface was seen."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from inspection.errors import BadInput

TENKEN_NAMESPACE = uuid.UUID("6d1f3f5e-6f0c-5f0a-9a2e-74656e6b656e")
"""Namespace of every name-based identifier that Tenken makes."""


class Surface(StrEnum):
    """Say how the photos see the surface, hence how the mosaic is made."""

    NADIR = "nadir"
    STRIP = "strip"
    FACADE = "facade"
    SOFFIT = "soffit"


class SurveyState(StrEnum):
    """Say how far a survey has come (domain specification §8)."""

    CREATED = "created"
    PROCESSING = "processing"
    PROCESSED = "processed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Identify one visit: which asset, how it was seen, when.

    Attributes:
        survey_id: name-based UUID of the asset, the photos and the options, or random for uploads.
        asset_id: the asset that was visited.
        surface: how the photos see the surface.
        gsd_m_per_px: nominal ground sample distance when the photos carry no pose, else None.
        map_crs: chosen CRS of the mosaic; None means the UTM zone of the photos.
        created_at: aware UTC.
        state: how far it has come.
    """

    survey_id: uuid.UUID
    asset_id: str
    surface: Surface = Surface.NADIR
    gsd_m_per_px: float | None = None
    map_crs: str | None = None
    created_at: datetime
    state: SurveyState = SurveyState.CREATED

    def __post_init__(self) -> None:
        """Check that times are aware and the GSD is a length."""
        if self.created_at.tzinfo is None:
            raise BadInput("Survey.created_at must carry a time zone (UTC)")
        if self.gsd_m_per_px is not None and not 1e-5 <= self.gsd_m_per_px <= 10:
            raise BadInput(
                f"ground sample distance {self.gsd_m_per_px * 1000} mm/px is outside 0.01–10000"
            )


def survey_id_for(asset_id: str, photo_sha256s: Iterable[str], options: str) -> uuid.UUID:
    """Derive the identifier of a survey from what went into it.

    The same photos, asset and options always give the same survey, in any order of files.

    >>> survey_id_for("a", ["2", "1"], "") == survey_id_for("a", ["1", "2"], "")
    True
    """
    name = "\n".join(["survey", asset_id, options, *sorted(set(photo_sha256s))])
    return uuid.uuid5(TENKEN_NAMESPACE, name)
