"""Shapes of what the crew sees on site: coverage, and how long the work still takes."""

from typing import Literal

from pydantic import Field

from api.schemas.base import Geometry, Shape, geometry_of
from inspection.pipeline.cover import Coverage, Reach, Sighting, Unplaced, share
from inspection.pipeline.reckon import Outlook, Span, Stage, StageState


class RegionOut(Shape):
    """Outline a part of the area, in longitude and latitude."""

    reach: Reach
    area_m2: float
    geometry: Geometry


class FootprintOut(Shape):
    """Show where a photo looked, and how well."""

    sha256: str
    name: str
    lonlat: tuple[float, float]
    reach: Reach
    distance_m: float
    gsd_mm_per_px: float = Field(description="in the worst direction of what counts")
    width_min_mm: float = Field(description="smallest crack width that a sharp photo shows")
    sharpness_relative: float | None
    level: bool = Field(description="straight down is taken for granted: the photo does not say")


class UnplacedOut(Shape):
    """Name a photo that is on no map, and why."""

    sha256: str
    name: str
    reason: Unplaced


class CoverageOut(Shape):
    """Say what the photos of a survey cover, by the positions of the drone."""

    width_mm: float
    surface_height_m: float
    share: float = Field(description="of the area inside the outermost footprints, 0–1")
    area_m2: float
    regions: list[RegionOut]
    sightings: list[FootprintOut]
    unplaced: list[UnplacedOut]

    @classmethod
    def of(cls, covered: Coverage, *, width_mm: float, surface_height_m: float) -> "CoverageOut":
        """Show a coverage at a wanted width."""
        regions = covered.regions(width_mm)
        return cls(
            width_mm=width_mm,
            surface_height_m=surface_height_m,
            share=round(share(regions), 4),
            area_m2=round(sum(part.area for part in regions.values()), 2),
            regions=[
                RegionOut(
                    reach=reach,
                    area_m2=round(part.area, 2),
                    geometry=geometry_of(covered.to_lonlat(part)),
                )
                for reach, part in regions.items()
                if not part.is_empty
            ],
            sightings=[_sighting(one, width_mm) for one in covered.sightings],
            unplaced=[
                UnplacedOut(sha256=photo.sha256, name=photo.name, reason=reason)
                for photo, reason in covered.unplaced
            ],
        )


class SpanOut(Shape):
    """Bound a time."""

    low_s: float
    high_s: float

    @classmethod
    def of(cls, span: Span | None) -> "SpanOut | None":
        """Show a span, None as it is."""
        return None if span is None else cls(low_s=span.low_s, high_s=span.high_s)


class StageOut(Shape):
    """Say where one stage of the work is."""

    stage: Literal["mosaic", "detect", "measure", "consolidate", "issue"]
    state: StageState
    seconds: float | None = Field(description="what it took, None before its end")
    typical: SpanOut | None = Field(description="what it takes here, None when never measured")

    @classmethod
    def of(cls, stage: Stage) -> "StageOut":
        """Show a stage."""
        return cls.model_validate(
            {
                "stage": stage.name,
                "state": stage.state,
                "seconds": stage.seconds,
                "typical": SpanOut.of(stage.typical),
            }
        )


class OutlookOut(Shape):
    """Say how far the work on a survey is, and how long it still takes."""

    stages: list[StageOut]
    remaining: SpanOut | None = Field(description="None when it is unknown")
    measured: int = Field(description="surveys that the remaining time rests on")

    @classmethod
    def of(cls, outlook: Outlook) -> "OutlookOut":
        """Show an outlook."""
        return cls(
            stages=[StageOut.of(stage) for stage in outlook.stages],
            remaining=SpanOut.of(outlook.remaining),
            measured=outlook.measured,
        )


def _sighting(one: Sighting, width_mm: float) -> FootprintOut:
    photo = one.photo
    assert photo.pose is not None
    return FootprintOut(
        sha256=photo.sha256,
        name=photo.name,
        lonlat=(photo.pose.lon_deg, photo.pose.lat_deg),
        reach=one.reach(width_mm),
        distance_m=round(one.distance_m, 3),
        gsd_mm_per_px=round(one.gsd_mm_per_px, 4),
        width_min_mm=round(one.width_min_mm, 4),
        sharpness_relative=None if photo.quality is None else photo.quality.sharpness_relative,
        level=one.level,
    )
