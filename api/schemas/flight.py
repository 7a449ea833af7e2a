"""Shapes of flight planning: a wish in, a plan with its figures and its check report out."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, Field

from api.schemas.base import Geometry, Shape
from flight.checks.examine import Examination
from flight.checks.finding import Outcome, worst
from flight.checks.report import Report, to_plain
from flight.checks.words import Language
from flight.flightplan import Pattern
from flight.lawnmower import PhotoSet
from flight.mission import AltitudeFrame
from flight.partition import RESERVE
from flight.planfile import plan_document
from flight.planning_words import capability_document, plan_reports
from flight.preview import Preview, Wish

LatLon = Annotated[
    tuple[Annotated[float, Field(ge=-90, le=90)], Annotated[float, Field(ge=-180, le=180)]],
    Field(description="latitude, longitude, degrees (WGS 84)"),
]
Metres = Annotated[float, Field(ge=-1000, le=10_000)]


class FlightFeatureIn(Shape):
    """Draw one thing to be seen: an area, a centre line, a face, a soffit, a pier."""

    geometry: Geometry = Field(description="longitude, latitude (WGS 84)")
    name: str = Field(default="", max_length=200)
    bottom_m: Metres | None = Field(default=None, description="lower edge of a face or pier")
    top_m: Metres | None = Field(default=None, description="upper edge of a face or pier")
    height_m: Metres | None = Field(default=None, description="of a soffit, or level ground")
    width_m: float | None = Field(default=None, gt=0, le=1000, description="of a corridor")
    radius_m: float | None = Field(default=None, gt=0, le=100, description="of a pier")

    def to_geojson(self) -> dict[str, Any]:
        """Give it as a GeoJSON feature; what is not said is left out."""
        properties = self.model_dump(exclude={"geometry"}, exclude_none=True)
        return {
            "type": "Feature",
            "geometry": self.geometry.model_dump(),
            "properties": {key: value for key, value in properties.items() if value != ""},
        }


class FlightPlanIn(Shape):
    """Ask for a flight: what shall be seen, how finely, with which camera."""

    name: str = Field(default="plan", min_length=1, max_length=100)
    pattern: Pattern
    features: list[FlightFeatureIn] = Field(min_length=1, max_length=200)
    camera: str = Field(max_length=64, description="camera and lens, such as dji_p1@50")
    gsd_mm_per_px: float | None = Field(default=None, gt=0, le=500)
    crack_width_mm: float | None = Field(default=None, gt=0, le=50)
    precision: Literal["screening", "standard", "precise"] = "standard"
    purpose: str | None = Field(default=None, max_length=64)
    overlap_front: float | None = Field(default=None, ge=0, le=0.95)
    overlap_side: float | None = Field(default=None, ge=0, le=0.95)
    exposure_s: float = Field(default=0.001, ge=1e-5, le=1)
    drone: str | None = Field(default=None, max_length=64)
    takeoff_latlon_deg: LatLon | None = None
    takeoff_msl_m: Metres | None = None
    altitude_frame: Literal["home", "msl"] = "home"
    heights: Literal["takeoff", "msl"] = Field(
        default="takeoff", description="what heights of features count from"
    )
    heading_deg: float | None = Field(default=None, ge=0, lt=360)
    sets: list[PhotoSet] = Field(default=[PhotoSet.NADIR], min_length=1, max_length=3)
    side: Literal["right", "left"] = "right"
    lowest_m: float = Field(default=2.0, ge=0, le=100)
    reserve: float = Field(default=RESERVE, ge=0, le=0.8)
    wind_m_s: float | None = Field(default=None, ge=0, le=49)
    at: AwareDatetime | None = None
    return_height_m: float = Field(default=15.0, ge=0, le=500)
    rules: list[str] = Field(default=["jp_uas_rule"], max_length=5)
    language: Literal["en", "ja"] = "en"

    def to_wish(self) -> Wish:
        """Give it as planning takes it."""
        return Wish(
            name=self.name,
            pattern=self.pattern,
            features=[feature.to_geojson() for feature in self.features],
            camera=self.camera,
            gsd_m_per_px=None if self.gsd_mm_per_px is None else self.gsd_mm_per_px / 1000,
            crack_width_mm=self.crack_width_mm,
            precision=self.precision,
            purpose=self.purpose,
            overlap_front=self.overlap_front,
            overlap_side=self.overlap_side,
            exposure_s=self.exposure_s,
            drone=self.drone,
            takeoff_latlon_deg=self.takeoff_latlon_deg,
            takeoff_msl_m=self.takeoff_msl_m,
            altitude_frame=AltitudeFrame(self.altitude_frame),
            reserve=self.reserve,
            wind_m_s=self.wind_m_s,
            at=self.at,
            rules=tuple(self.rules),
            return_height_m=self.return_height_m,
            layout={
                "heights": self.heights,
                "heading_deg": self.heading_deg,
                "sets": tuple(self.sets),
                "side": self.side,
                "lowest_m": self.lowest_m,
            },
        )


class FlightFindingOut(Shape):
    """Answer one check."""

    check: str
    title: str
    outcome: Outcome
    reason: str = Field(description="key of the wording, stable")
    text: str = Field(description="the reason in words")
    facts: dict[str, float | int | str]
    source: str
    note: str | None
    items: list[int] = Field(description="numbers of mission items, home being 0")
    place_latlon_deg: LatLon | None
    needs_review: bool


class FlightRulesOut(Shape):
    """Name a rule file that was used."""

    id: str
    title: str
    source_url: str
    valid_from: str
    reviewed_on: str
    needs_review: bool


class FlightPartOut(Shape):
    """Describe one mission of a plan, with its check report."""

    part: int
    photos: int
    items: int
    minutes: float
    length_m: float
    verdict: Outcome
    statement: str = Field(description="never says that a flight is legal")
    rules: list[FlightRulesOut]
    findings: list[FlightFindingOut]
    fence_latlon_deg: list[LatLon]


class FlightCoverageOut(Shape):
    """Say what the photos see of the surface."""

    area_m2: float
    seen: float = Field(description="share that any photo sees, 0–1")
    good: float = Field(description="share at the wanted GSD and angle in enough photos, 0–1")
    views: int
    elements: dict[str, float] = Field(description="good share of every element")


class FlightPlanOut(Shape):
    """Carry a planned flight: photos, footprints, figures and check reports."""

    name: str
    pattern: Pattern
    camera: str
    drone: str
    takeoff_latlon_deg: LatLon
    gsd_mm_per_px: float
    standoff_m: float
    smallest_measurable_width_mm: float
    trigger: str
    speed_m_s: float
    photo_count: int
    verdict: Outcome = Field(description="the gravest of all parts")
    coverage: FlightCoverageOut
    parts: list[FlightPartOut]
    notes: list[str]
    photos: dict[str, Any] = Field(
        description="GeoJSON FeatureCollection: a point and a footprint for every photo"
    )

    @classmethod
    def of(cls, found: Preview, language: Language, now: datetime) -> Self:
        """Describe a preview."""
        plan = found.plan
        figures = plan_reports(plan, found.coverage, found.parts, [])
        camera = capability_document(found.capability)
        verdicts = [worst(one.findings) for one in found.examinations]
        return cls(
            name=plan.name,
            pattern=plan.pattern,
            camera=plan.camera_name,
            drone=found.drone.code,
            takeoff_latlon_deg=plan.origin_latlon_deg,
            gsd_mm_per_px=figures["gsd_mm_per_px"],
            standoff_m=camera["standoff_m"],
            smallest_measurable_width_mm=camera["smallest_measurable_width_mm"],
            trigger=figures["trigger"],
            speed_m_s=figures["speed_m_s"],
            photo_count=len(plan.photos),
            verdict=max(verdicts, key=lambda outcome: outcome.gravity),
            coverage=FlightCoverageOut(
                area_m2=figures["coverage"]["area_m2"],
                seen=figures["coverage"]["seen"],
                good=figures["coverage"]["good"],
                views=figures["coverage"]["views"],
                elements={e["element"]: e["good"] for e in figures["coverage"]["elements"]},
            ),
            parts=[
                _part(number, figures["parts"][number - 1], found, one, (language, now))
                for number, one in enumerate(found.examinations, start=1)
            ],
            notes=list(plan.notes),
            photos=plan_document(plan),
        )


class FlightChoicesOut(Shape):
    """Name what a wish can choose from."""

    cameras: dict[str, str] = Field(description="code to label; a lens is code@focal length in mm")
    lenses: list[str] = Field(description="camera and lens as a wish names them")
    drones: dict[str, str]
    purposes: dict[str, str]
    patterns: list[Pattern]
    rules: dict[str, str]


def _part(
    number: int,
    figures: dict[str, Any],
    found: Preview,
    one: Examination,
    said: tuple[Language, datetime],
) -> FlightPartOut:
    """Describe one mission."""
    language, now = said
    report = Report(plan_name=found.plan.name, plan_sha256="", checked_at=now, examination=one)
    plain = to_plain(report, language)
    fence = found.parts[number - 1][1].mission.fence_polygons
    return FlightPartOut(
        part=number,
        photos=figures["photos"],
        items=figures["items"],
        minutes=figures["minutes"],
        length_m=figures["length_m"],
        verdict=report.verdict,
        statement=plain["statement"],
        rules=[FlightRulesOut(**rules) for rules in plain["rules"]],
        findings=[
            FlightFindingOut(**{key: row[key] for key in FlightFindingOut.model_fields})
            for row in plain["findings"]
        ],
        fence_latlon_deg=[corner for polygon in fence for corner in polygon.vertices_latlon_deg],
    )
