"""Flight planning for the pages: pure planning and checks, nothing is kept, no vehicle is near."""

import json
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from api.deps import ServicesDep
from api.schemas.flight import FlightChoicesOut, FlightPlanIn, FlightPlanOut
from flight.checks.rulefile import load_rules, shipped_rules
from flight.checks.words import Language
from flight.drone import load_drones
from flight.flightplan import Pattern
from flight.lens import fixed_lenses
from flight.planfile import plan_document
from flight.preview import mission_file, planned, preview
from flight.purpose import load_purposes
from inspection.codelists.cameras import load_cameras

router = APIRouter(prefix="/api/flight", tags=["flight"])

MEDIA = {
    "plan": "application/json",
    "waypoints": "text/plain; charset=utf-8",
    "kmz": "application/vnd.google-earth.kmz",
    "kml": "application/vnd.google-earth.kml+xml",
    "geojson": "application/geo+json",
    "photo-plan": "application/geo+json",
}
FileFormat = Literal["plan", "waypoints", "kmz", "kml", "geojson", "photo-plan"]


@router.get("/choices", operation_id="list_flight_choices")
def list_flight_choices() -> FlightChoicesOut:
    """Name the cameras, drones, purposes, patterns and rule files that a wish can choose from."""
    return FlightChoicesOut(
        cameras={camera.code: camera.label for camera in load_cameras()},
        lenses=[lens.name for lens in fixed_lenses()],
        drones={drone.code: drone.label for drone in load_drones()},
        purposes={purpose.code: purpose.label for purpose in load_purposes()},
        patterns=list(Pattern),
        rules={name: load_rules(name).title.en for name in shipped_rules()},
    )


@router.post("/plans", operation_id="plan_flight")
def plan_flight(services: ServicesDep, wish: FlightPlanIn) -> FlightPlanOut:
    """Plan a flight: photos, footprints, figures and the check report of every part.

    The check knows no ground and no structures beside those that are photographed; what it did
    not check, it says. 403 when the wish cannot be had safely, with what would make it possible.
    """
    language = Language(wish.language)
    return FlightPlanOut.of(preview(wish.to_wish()), language, services.clock.now())


@router.post(
    "/plans/files/{file_format}",
    operation_id="download_flight_file",
    response_class=Response,
    responses={200: {"content": {media_type: {} for media_type in MEDIA.values()}}},
)
def download_flight_file(
    file_format: FileFormat,
    wish: FlightPlanIn,
    part: Annotated[int, Query(ge=1, le=1000)] = 1,
) -> Response:
    """Give the mission file of one part, or the photo file of the whole plan.

    The same wish gives the same plan; nothing is kept between two requests.
    """
    if file_format == "photo-plan":
        text = json.dumps(plan_document(planned(wish.to_wish())), ensure_ascii=False)
        return _file(text.encode(), file_format, "plan.photos.geojson")
    content, losses = mission_file(wish.to_wish(), f".{file_format}", part)
    answer = _file(content, file_format, f"plan-{part}.{file_format}")
    answer.headers["X-Tenken-Losses"] = str(len(losses))
    return answer


def _file(content: bytes, file_format: FileFormat, name: str) -> Response:
    """Answer with a file to be saved."""
    return Response(
        content,
        media_type=MEDIA[file_format],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
