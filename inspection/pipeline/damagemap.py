"""Defects of one mosaic → the damage map that CAD programs open."""

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from inspection.codelists.damage_classes import load_damage_labels
from inspection.domain.defect import Defect, ReviewState
from inspection.domain.raster import Orthomosaic
from inspection.domain.workorder import WorkList, shown, shown_grade
from inspection.errors import BadInput
from inspection.export.dxf import DamageMap, MapItem
from inspection.export.sheetstyle import Language
from inspection.store import orthomosaics


def map_of_list(
    connection: Connection,
    defects: Sequence[Defect],
    work_list: WorkList,
    *,
    language: Language = "ja",
    made: str = "",
) -> DamageMap:
    """Draw the defects of a work list; they must lie on one mosaic.

    Raises:
        BadInput: when they lie on several mosaics, or there is none.
    """
    rows = {row.defect_id: row for row in work_list.rows}
    listed = [defect for defect in defects if defect.defect_id in rows]
    mosaic = _the_mosaic(connection, listed)
    labels = {}
    for defect in listed:
        row = rows[defect.defect_id]
        parts = [str(row.rank), row.class_ja if language == "ja" else row.class_en]
        parts += [shown_grade(row.grade)] if row.grade else []
        labels[defect.defect_id] = " ".join([*parts, *sizes(defect)])
    first = work_list.rows[0]
    title = [f"{first.asset_name} ({first.asset_id})", *([made] if made else [])]
    return damage_map(listed, mosaic, labels, title=title, language=language)


def damage_map(
    defects: Sequence[Defect],
    mosaic: Orthomosaic,
    labels: Mapping[uuid.UUID, str],
    *,
    title: Sequence[str],
    language: Language,
) -> DamageMap:
    """Draw defects of a mosaic with their labels."""
    known = load_damage_labels()
    items = []
    for defect in sorted(defects, key=lambda d: str(d.defect_id)):
        label = known[defect.damage_class_reviewed or defect.damage_class]
        items.append(
            MapItem(
                defect_id=str(defect.defect_id),
                label=labels[defect.defect_id],
                kind=label.ja if language == "ja" else label.en,
                colour=label.colour,
                confirmed=defect.state is ReviewState.CONFIRMED,
                outline_m=defect.latest.outline_surface_m,
                axis_m=defect.latest.axis_surface_m,
                anchor_m=defect.latest.anchor_surface_m,
            )
        )
    corners = [(float(x), float(y)) for x, y in mosaic.grid.corners_surface_m]
    return DamageMap(
        title=title,
        crs=mosaic.grid.crs,
        corners_m=corners,
        items=items,
        unconfirmed="未確認" if language == "ja" else "unconfirmed",
    )


def sizes(defect: Defect) -> list[str]:
    """Write width, length or area of a defect for a label; "< limit" where it is no number."""
    measured = defect.latest.measurement
    found = []
    if measured.width_mm is not None and measured.width_mm.refused is not None:
        found.append("w=? (>45°)")
    elif measured.width_mm is not None:
        width = shown(measured.width_mm, uncertainty=False)
        found.append(f"w{'' if width.startswith('<') else '='}{width}mm")
    if measured.length_m is not None:
        found.append(f"L={shown(measured.length_m, uncertainty=False)}m")
    else:
        found.append(f"A={shown(measured.area_m2, digits=3, uncertainty=False)}m²")
    return found


def _the_mosaic(connection: Connection, defects: Sequence[Defect]) -> Orthomosaic:
    digests = {defect.latest.mosaic_sha256 for defect in defects}
    if not digests:
        raise BadInput("a damage map shows damage, and there is none on this list")
    if len(digests) != 1:
        raise BadInput(
            f"a damage map shows one face or deck, these defects lie on {len(digests)} mosaics; "
            "ask for one survey with --survey"
        )
    return orthomosaics.by_sha256(connection, digests.pop())
