"""Keep emergencies and the reports from the spot; a report is never changed."""

from typing import Any

from sqlalchemy import Connection, Row, insert, select

from inspection.domain.emergency import Area, Emergency, Hazard, QuickReport, Signal
from inspection.errors import Conflict, NotFound
from inspection.store.programme_tables import emergencies, emergency_reports
from inspection.store.rows import choice


def begin(connection: Connection, emergency: Emergency) -> None:
    """Keep a new emergency.

    Raises:
        Conflict: when there is one of that name.
    """
    found = connection.execute(
        select(emergencies.c.name).where(emergencies.c.name == emergency.name)
    ).one_or_none()
    if found is not None:
        raise Conflict(f"there is an emergency {emergency.name!r} already; choose another name")
    area = emergency.area
    connection.execute(
        insert(emergencies).values(
            name=emergency.name,
            hazard=emergency.hazard.value,
            area=None
            if area is None
            else {"lonlat": list(area.lonlat), "radius_km": area.radius_km},
            began_at=emergency.began_at,
            note=emergency.note,
        )
    )


def by_name(connection: Connection, name: str) -> Emergency:
    """Read one emergency.

    Raises:
        NotFound: when there is none of that name.
    """
    found = {one.name: one for one in all_of_them(connection)}
    if name not in found:
        known = ", ".join(found) or "none yet"
        raise NotFound(f"there is no emergency {name!r} (known: {known})")
    return found[name]


def all_of_them(connection: Connection) -> tuple[Emergency, ...]:
    """List the emergencies, oldest first."""
    query = select(emergencies).order_by(emergencies.c.began_at, emergencies.c.name)
    return tuple(_emergency(row) for row in connection.execute(query))


def report(connection: Connection, told: QuickReport) -> None:
    """Keep a report."""
    lon, lat = told.lonlat or (None, None)
    connection.execute(
        insert(emergency_reports).values(
            report_id=told.report_id,
            emergency=told.emergency,
            asset_id=told.asset_id,
            signal=told.signal.value,
            reported_by=told.reported_by,
            reported_at=told.reported_at,
            lon_deg=lon,
            lat_deg=lat,
            photos=list(told.photos),
            note=told.note,
        )
    )


def reports_of(connection: Connection, name: str) -> tuple[QuickReport, ...]:
    """List the reports of an emergency, oldest first."""
    c = emergency_reports.c
    query = (
        select(emergency_reports)
        .where(c.emergency == name)
        .order_by(c.reported_at, c.asset_id, c.report_id)
    )
    return tuple(_report(row) for row in connection.execute(query))


def _emergency(row: Row[Any]) -> Emergency:
    area = row.area
    return Emergency(
        name=row.name,
        hazard=choice(Hazard, row.hazard),
        began_at=row.began_at,
        area=None
        if area is None
        else Area(lonlat=(area["lonlat"][0], area["lonlat"][1]), radius_km=area["radius_km"]),
        note=row.note,
    )


def _report(row: Row[Any]) -> QuickReport:
    return QuickReport(
        report_id=row.report_id,
        emergency=row.emergency,
        asset_id=row.asset_id,
        signal=choice(Signal, row.signal),
        reported_by=row.reported_by,
        reported_at=row.reported_at,
        lonlat=None if row.lon_deg is None else (row.lon_deg, row.lat_deg),
        photos=tuple(row.photos),
        note=row.note,
    )
