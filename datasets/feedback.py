"""Turn engineers' verdicts into a training set: what they confirmed, and what they rejected.

Each reviewed defect gives the tiles of its mosaic that it touches, at native resolution:

* inside a confirmed outline: the class the engineer gave it;
* inside a rejected outline: background, the hard negatives of the next training;
* a ring around both: background, but for a border of two pixels, where an outline is not that
  exact, and but for places where the machine saw something that nobody has judged;
* everywhere else: undecided, for nobody looked there.

Of a confirmed defect one outline of a mosaic is learned: the one that stands. What an engineer
redrew is undecided where the drawing does not reach. What was rejected is background wherever it
was seen.

Verdicts, and edits that stand for one, are named by identifier, not by person: who decided stays
in the database.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import rasterio
import yaml
from numpy.typing import NDArray
from rasterio.windows import Window
from shapely import get_parts
from shapely.geometry import Polygon
from sqlalchemy import Connection

from datasets.classes import IGNORE_INDEX, LABEL_NAMES
from inspection.domain.defect import Defect, Observation, ReviewState
from inspection.domain.mission import Survey
from inspection.domain.raster import Orthomosaic
from inspection.errors import NotFound, Unavailable
from inspection.pipeline.ports import BlobStore
from inspection.store import defects, edits, observations, orthomosaics, reviews, surveys

TILE_PX = 512
BORDER_PX = 2
RING_PX = 24
SET_FILE = "set.yaml"
PROVENANCE_FILE = "provenance.jsonl"
JUDGED = (ReviewState.CONFIRMED, ReviewState.REJECTED)
PAGE = 500
TILE_NAME = re.compile(r"[0-9a-f]{10}_[0-9a-f]{10}_\d{5}_\d{5}\.png")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Tie a reviewed defect to one sighting of it.

    Attributes:
        defect: The defect as it stands.
        seen: Its observation on the mosaic at hand.
        class_index: Index of the class that the engineer gave it; 0 if it was rejected.
    """

    defect: Defect
    seen: Observation
    class_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackSummary:
    """Count what was written.

    Attributes:
        tiles: Images of the set.
        confirmed: Confirmed sightings in them.
        rejected: Rejected sightings in them.
        left_out: What could not be used, each with its reason.
    """

    tiles: int
    confirmed: int
    rejected: int
    left_out: tuple[str, ...]


def gather(
    connection: Connection,
    blobs: BlobStore,
    out_dir: Path,
    *,
    name: str,
    licence: str,
    asset_id: str | None = None,
) -> FeedbackSummary:
    """Write the training set of all verdicts so far; the same verdicts give the same files.

    Args:
        connection: An open transaction.
        blobs: Where the mosaics are.
        out_dir: Folder of the set; tiles of an earlier call that no verdict stands for any more
            are taken away.
        name: Name of the set.
        licence: SPDX identifier of the imagery.
        asset_id: Only this asset.

    Raises:
        NotFound: Nobody has confirmed or rejected anything.
        Unavailable: A file cannot be written.
    """
    for folder in ("images", "labels"):
        (out_dir / folder).mkdir(parents=True, exist_ok=True)
    left_out: list[str] = []
    lines: list[str] = []
    groups: set[str] = set()
    counts = dict.fromkeys(JUDGED, 0)
    for survey in _all_surveys(connection, asset_id):
        try:
            mosaic = orthomosaics.of_survey(connection, survey.survey_id)
        except NotFound:
            continue
        seen = observations.of_mosaic(connection, survey.survey_id, mosaic.sha256)
        judged, told = _judged(connection, survey.asset_id, seen)
        left_out += told
        if not judged:
            continue
        for found in judged:
            counts[found.defect.state] += 1
        groups.add(group_of(survey.asset_id))
        with blobs.local_path(mosaic.blob_key) as path:
            lines += _write_tiles(
                connection, path, mosaic, judged=judged, seen=seen, out_dir=out_dir
            )
    if not lines:
        raise NotFound("no defect has been confirmed or rejected; review some first (tenken serve)")
    _write_text(out_dir / PROVENANCE_FILE, "\n".join(lines) + "\n")
    _write_text(out_dir / SET_FILE, set_file(name, licence, groups))
    _drop_others(out_dir, {str(json.loads(line)["image"]) for line in lines})
    return FeedbackSummary(
        tiles=len(lines),
        confirmed=counts[ReviewState.CONFIRMED],
        rejected=counts[ReviewState.REJECTED],
        left_out=tuple(left_out),
    )


def group_of(asset_id: str) -> str:
    """Name what of a structure must stay in one part of the set; tells nothing about it.

    >>> group_of("bridge-12")
    '056ef70cc8'
    """
    return hashlib.sha256(asset_id.encode()).hexdigest()[:10]


def set_file(name: str, licence: str, groups: Iterable[str]) -> str:
    """Return the YAML that ``tenken datasets build --source`` reads.

    Of two or more structures about one in five judges, chosen by digest, so that a structure never
    changes sides. Of a single one, blocks of its tiles judge: better than nothing, and no proof for
    another structure.
    """
    ordered = sorted(groups)
    fields: dict[str, object] = {
        "name": name,
        "licence": licence,
        "citation": "reviewed defects, tenken datasets feedback",
        "kind": "mask",
        "images": "images",
        "labels": "labels",
        "classes": {0: "background", 255: "ignore"}
        | {index: label for index, label in enumerate(LABEL_NAMES) if index},
        "shippable": False,
    }
    if len(ordered) > 1:
        judging = [group for group in ordered if int(group, 16) % 5 == 0] or ordered[:1]
        if judging == ordered:
            judging = ordered[:1]
        fields |= {"group": "^([0-9a-f]{10})_", "val": judging}
    return yaml.safe_dump(fields, allow_unicode=True, sort_keys=False)


def paint(
    shape: tuple[int, int],
    judged: Iterable[tuple[list[NDArray[np.int32]], int]],
    open_places: Iterable[list[NDArray[np.int32]]],
) -> NDArray[np.uint8]:
    """Return the class index of each pixel of a tile, (h, w) uint8.

    Args:
        shape: Height and width.
        judged: Rings of each judged outline in pixels of the tile, with its class.
        open_places: Rings of each outline that nobody has judged.
    """
    label = np.full(shape, IGNORE_INDEX, dtype=np.uint8)
    inside: list[tuple[NDArray[np.bool_], int]] = [
        (_fill(shape, rings), index) for rings, index in judged
    ]
    anything = np.zeros(shape, dtype=np.bool_)
    for mask, _ in inside:
        anything |= mask
    if anything.any():
        away = cv2.distanceTransform((~anything).astype(np.uint8), cv2.DIST_L2, 5)
        label[(away > BORDER_PX) & (away <= RING_PX)] = 0
    for rings in open_places:
        unsure = _fill(shape, rings).astype(np.uint8)
        label[cv2.dilate(unsure, np.ones((2 * BORDER_PX + 1,) * 2, np.uint8)) > 0] = IGNORE_INDEX
    for mask, index in sorted(inside, key=lambda found: found[1]):
        label[mask] = index  # where two overlap, damage outranks background
    return label


def _all_surveys(connection: Connection, asset_id: str | None) -> Iterator[Survey]:
    offset = 0
    while True:
        page = surveys.find(connection, asset_id=asset_id, limit=PAGE, offset=offset)
        yield from page.rows
        offset += PAGE
        if offset >= page.total:
            return


def _judged(
    connection: Connection, asset_id: str, seen: Iterable[Observation]
) -> tuple[list[Judged], list[str]]:
    """Return what was judged of these sightings, and what cannot be learned."""
    by_id = {found.observation_id: found for found in seen}
    judged, left_out = [], []
    for defect in defects.known(connection, asset_id):
        if defect.state not in JUDGED:
            continue
        confirmed = defect.state is ReviewState.CONFIRMED
        name = (defect.damage_class_reviewed or defect.damage_class).value
        if confirmed and name not in LABEL_NAMES:
            left_out.append(f"defect {defect.defect_id}: no network learns the class {name} yet")
            continue
        index = LABEL_NAMES.index(name) if confirmed else 0
        here = [by_id[key] for key in defect.observation_ids if key in by_id]
        if confirmed and len(here) > 1:
            here = [_standing(connection, defect, here)]
        judged += [Judged(defect=defect, seen=found, class_index=index) for found in here]
    return judged, left_out


def _standing(connection: Connection, defect: Defect, here: list[Observation]) -> Observation:
    """Choose by which of its sightings on one mosaic a defect is shown.

    Once a later survey shows it elsewhere, that is the drawing that the last edit left, or else the
    machine's last.
    """
    by_id = {found.observation_id: found for found in here}
    if defect.latest.observation_id in by_id:
        return defect.latest
    left = [
        share.after.observation_id
        for record in edits.history(connection, defect.defect_id)
        for share in record.shares
        if share.defect_id == defect.defect_id and share.after.observation_id in by_id
    ]
    if left and by_id[left[-1]].by_hand:
        return by_id[left[-1]]
    return [found for found in here if not found.by_hand][-1]


def _write_tiles(
    connection: Connection,
    path: Path,
    mosaic: Orthomosaic,
    *,
    judged: list[Judged],
    seen: Iterable[Observation],
    out_dir: Path,
) -> list[str]:
    """Write every tile that a judged outline touches; give a line of provenance for each."""
    group = group_of(judged[0].defect.asset_id)
    decided = {found.seen.observation_id for found in judged}
    unsure = [found for found in seen if found.observation_id not in decided]
    lines = []
    with rasterio.open(path) as raster:
        for (row, col), here in sorted(_by_tile(judged).items()):
            left, top = col * TILE_PX, row * TILE_PX
            width = min(TILE_PX, raster.width - left)
            height = min(TILE_PX, raster.height - top)
            bands = raster.read(window=Window(left, top, width, height))
            label = paint(
                (height, width),
                [(_rings(mosaic, f.seen, left, top), f.class_index) for f in here],
                [_rings(mosaic, found, left, top) for found in unsure],
            )
            if bands.shape[0] == 4:
                label[bands[3] == 0] = IGNORE_INDEX
            file = f"{group}_{mosaic.sha256[:10]}_{row:05d}_{col:05d}.png"
            _write_png(out_dir / "images" / file, np.moveaxis(bands[2::-1], 0, -1))
            _write_png(out_dir / "labels" / file, label)
            lines.append(_provenance(connection, file, mosaic, here))
    return lines


def _by_tile(judged: Iterable[Judged]) -> Mapping[tuple[int, int], list[Judged]]:
    tiles: dict[tuple[int, int], list[Judged]] = {}
    for found in judged:
        x0, y0, x1, y1 = found.seen.box_px
        for row in range(max(0, y0) // TILE_PX, (y1 - 1) // TILE_PX + 1):
            for col in range(max(0, x0) // TILE_PX, (x1 - 1) // TILE_PX + 1):
                tiles.setdefault((row, col), []).append(found)
    return tiles


def _provenance(
    connection: Connection, file: str, mosaic: Orthomosaic, here: Iterable[Judged]
) -> str:
    verdicts = []
    for found in here:
        verdicts.append(
            {
                "defect_id": str(found.defect.defect_id),
                **_decision(connection, found.defect),
                "class": LABEL_NAMES[found.class_index],
                "machine_class": found.seen.damage_class.value,
                "model_id": found.seen.model_id,
            }
        )
    return json.dumps(
        {
            "image": file,
            "survey_id": str(mosaic.survey_id),
            "mosaic_sha256": mosaic.sha256,
            "gsd_mm_per_px": round(mosaic.grid.gsd_m_per_px * 1000, 6),
            "verdicts": verdicts,
        },
        ensure_ascii=False,
    )


def _decision(connection: Connection, defect: Defect) -> dict[str, str]:
    """Name the last verdict; of a defect that an edit made and nobody judged since, that edit."""
    told = reviews.history(connection, defect.defect_id)
    if told:
        last = told[-1].verdict
        return {"verdict_id": str(last.verdict_id), "decided_at": last.decided_at.isoformat()}
    made = edits.history(connection, defect.defect_id)[0].edit
    return {"edit_id": str(made.edit_id), "decided_at": made.edited_at.isoformat()}


def _rings(
    mosaic: Orthomosaic, seen: Observation, left_px: int, top_px: int
) -> list[NDArray[np.int32]]:
    """Return the rings of an outline in pixels of a tile, as OpenCV fills them (even-odd)."""
    rings = []
    for part in get_parts(seen.outline_surface_m):
        if isinstance(part, Polygon):
            for ring in (part.exterior, *part.interiors):
                points = mosaic.grid.to_px(np.asarray(ring.coords)[:, :2]) - (left_px, top_px)
                # corners lie between pixels; OpenCV counts from their centres, in 1/256
                rings.append(np.rint((points - 0.5) * 256).astype(np.int32))
    return rings


def _fill(shape: tuple[int, int], rings: list[NDArray[np.int32]]) -> NDArray[np.bool_]:
    mask = np.zeros(shape, dtype=np.uint8)
    if rings:
        cv2.fillPoly(mask, rings, 1, shift=8)
    return mask > 0


def _drop_others(out_dir: Path, kept: set[str]) -> None:
    """Take away tiles whose verdicts were reopened: they would go on teaching them."""
    for folder in ("images", "labels"):
        for path in (out_dir / folder).iterdir():
            if TILE_NAME.fullmatch(path.name) and path.name not in kept:
                path.unlink()


def _write_png(path: Path, image: NDArray[np.uint8]) -> None:
    if not cv2.imwrite(str(path), np.ascontiguousarray(image)):
        raise Unavailable(f"{path.name} cannot be written; is the disk full or read-only?")


def _write_text(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
