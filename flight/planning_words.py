"""Say what a capability or a plan is, in words for people and in numbers for programs."""

import math
from collections.abc import Sequence
from typing import Any

from flight.capability import Capability
from flight.coverage import Coverage
from flight.flightplan import FlightPlan, Trigger
from flight.itinerary import Itinerary


def capability_document(found: Capability) -> dict[str, Any]:
    """Give a capability as JSON: lengths in metres, GSD in mm per pixel."""
    near_m, far_m = found.depth_of_field_m
    return {
        "camera": found.lens.name,
        "purpose": found.purpose.code,
        "gsd_mm_per_px": round(found.gsd_m_per_px * 1000, 4),
        "smallest_measurable_width_mm": round(found.smallest_width_mm, 3),
        "standoff_m": round(found.standoff_m, 3),
        "footprint_m": [round(side, 3) for side in found.footprint_m],
        "overlap_front": found.overlap_front,
        "overlap_side": found.overlap_side,
        "incidence_limit_deg": found.incidence_limit_deg,
        "views": found.views,
        "exposure_s": found.exposure_s,
        "trigger": str(found.trigger),
        "speed_limit_m_s": round(found.speed_limit_m_s, 3),
        "turning_limit_deg_s": round(found.turning_limit_deg_s, 2),
        "depth_of_field_m": [round(near_m, 3), round(far_m, 3) if math.isfinite(far_m) else None],
        "notes": list(found.notes),
    }


def say_capability(found: Capability) -> list[str]:
    """Say how a camera must be flown."""
    wide_m, high_m = found.footprint_m
    near_m, far_m = found.depth_of_field_m
    far = f"{far_m:.2f} m" if math.isfinite(far_m) else "infinity"
    how = (
        f"flies on at up to {found.speed_limit_m_s:.2f} m/s"
        if found.trigger is Trigger.DISTANCE
        else f"stops at every photo (flying on would blur above {found.speed_limit_m_s:.2f} m/s)"
    )
    return [
        f"purpose    {found.purpose.label}",
        f"camera     {found.lens.name}: {found.gsd_m_per_px * 1000:.3g} mm/px from "
        f"{found.standoff_m:.2f} m, a photo shows {wide_m:.2f} × {high_m:.2f} m",
        f"measures   cracks from {found.smallest_width_mm:.2f} mm; finer ones are below the limit",
        f"overlap    {found.overlap_front:.0%} along a row, {found.overlap_side:.0%} between rows; "
        f"square to the surface within {found.incidence_limit_deg:g}°",
        f"exposure   1/{1 / found.exposure_s:.0f} s or shorter; {how}; the camera may turn at up "
        f"to {found.turning_limit_deg_s:.1f}°/s",
        f"sharp      from {near_m:.2f} m to {far}",
        *[f"note       {note}" for note in found.notes],
    ]


def plan_reports(
    plan: FlightPlan,
    seen: Coverage,
    parts: Sequence[tuple[FlightPlan, Itinerary]],
    files: Sequence[str],
) -> dict[str, Any]:
    """Give the figures of a plan as JSON."""
    return {
        "name": plan.name,
        "pattern": str(plan.pattern),
        "camera": plan.camera_name,
        "drone": plan.drone_name,
        "takeoff_latlon_deg": list(plan.origin_latlon_deg),
        "altitude_frame": str(plan.altitude_frame),
        "gsd_mm_per_px": round(plan.gsd_m_per_px * 1000, 4),
        "photos": len(plan.photos),
        "rows": len(plan.rows),
        "trigger": str(plan.trigger),
        "speed_m_s": round(plan.speed_m_s, 3),
        "coverage": {
            "area_m2": round(seen.area_m2, 2),
            "seen": round(seen.seen_share, 5),
            "good": round(seen.good_share, 5),
            "views": seen.views,
            "incidence_limit_deg": plan.incidence_limit_deg,
            "elements": [
                {"element": name, "area_m2": round(area_m2, 2), "good": round(good, 5)}
                for name, (area_m2, good) in seen.by_element().items()
            ],
        },
        "parts": [
            {
                "photos": len(part.photos),
                "items": len(itinerary.mission.items),
                "minutes": round(itinerary.seconds / 60, 2),
                "length_m": round(itinerary.length_m, 1),
            }
            for part, itinerary in parts
        ],
        "files": list(files),
        "notes": list(plan.notes),
    }


def say_plan(report: dict[str, Any], standoff_m: float) -> list[str]:
    """Say the figures of a plan."""
    seen, parts = report["coverage"], report["parts"]
    photos = "photo" if seen["views"] == 1 else "photos"
    longest = max(part["minutes"] for part in parts)
    way_km = sum(part["length_m"] for part in parts) / 1000
    stops = report["trigger"] == "stop"
    how = "stops at every photo" if stops else f"flies on at {report['speed_m_s']:g} m/s"
    lines = [
        f"plan       {report['name']}: {report['photos']} photos in {report['rows']} rows, {how}",
        f"camera     {report['camera']} on {report['drone']}, {report['gsd_mm_per_px']:.3g} mm/px "
        f"from {standoff_m:.2f} m",
        f"coverage   {seen['good']:.1%} of {seen['area_m2']:.0f} m² by {seen['views']} {photos} or "
        f"more at ≤ {report['gsd_mm_per_px'] * 1.1:.3g} mm/px and ≤ "
        f"{seen['incidence_limit_deg']:g}°; {seen['seen']:.1%} seen at all",
    ]
    if len(seen["elements"]) > 1:
        lines += [
            f"           {row['element']}: {row['good']:.1%} of {row['area_m2']:.0f} m²"
            for row in seen["elements"]
        ]
    lines.append(
        f"flight     {len(parts)} part{'s' if len(parts) > 1 else ''}, the longest {longest:.0f} "
        f"min, {way_km:.2f} km in all, up to {max(part['items'] for part in parts)} items"
    )
    *missions, photo_file = report["files"]
    shown = missions if len(missions) <= 4 else [*missions[:2], "…", missions[-1]]
    lines += [f"file       {name}" for name in [*shown, photo_file]]
    return lines + [f"note       {note}" for note in report["notes"]]
