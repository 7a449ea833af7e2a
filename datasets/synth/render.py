"""Render a deck: lay out, paint, fly, expose, and write photos with everything known of them."""

import csv
import io
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from datasets.synth.canvas import Canvas
from datasets.synth.capture import Flight, Shot, TargetSighting, fly, sight_targets
from datasets.synth.deck import Deck
from datasets.synth.layout import Layout, lay_out
from datasets.synth.paint import Painted, paint
from datasets.synth.photo import Optics, build_optics, expose
from datasets.synth.tags import Stamp, write_photo
from datasets.truth import Distractor, TrueCrack, Truth, crack_features
from inspection.domain.asset import Asset, AssetKind, Concrete
from inspection.geo.frames import WGS84_LONLAT, to_crs
from inspection.pipeline.ports import Progress, Silence

LENS_SIGMA_PX = 0.65
"""Gaussian point spread of lens and sensor, photo pixels."""
FIRST_SHOT = datetime(2026, 5, 14, 10, 0, 0, tzinfo=timezone(timedelta(hours=9)))
BETWEEN_SHOTS_S = 2.4
TRUTH_EVERY = 3
"""Every third point of a centre line is written: 6 mm apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedDeck:
    """Name the files of a rendered deck, and carry its truth.

    Attributes:
        truth: everything known.
        photos_dir: folder of the JPEG files.
        truth_path: ``truth.json``.
        gcp_path: survey targets as control points, ``name,photo,x_px,y_px,x,y,lon,lat,h``.
        asset_path: the bridge, for ``--asset``.
    """

    truth: Truth
    photos_dir: Path
    truth_path: Path
    gcp_path: Path
    asset_path: Path


def render_deck(
    out_dir: Path,
    *,
    deck: Deck | None = None,
    flight: Flight | None = None,
    seed: int = 7,
    layout: Layout | None = None,
    flight_seed: int | None = None,
    progress: Progress | None = None,
) -> RenderedDeck:
    """Render a deck into a folder; the same arguments give the same bytes.

    Args:
        out_dir: gets ``photos/``, ``truth.json``, ``truth.geojson``, ``gcp.csv``, ``asset.yaml``.
        deck: what is rendered.
        flight: camera, grid and noise.
        seed: of every random number.
        layout: what is painted on the deck; by default the mix of the demo, drawn by the seed.
        flight_seed: of poses and noise; by default the seed. Another one is another visit to the
            same surface.
        progress: hears how far it has come.
    """
    deck, flight = deck or Deck(), flight or Flight()
    visit = seed if flight_seed is None else flight_seed
    progress = progress or Silence()
    photos_dir = out_dir / "photos"
    photos_dir.mkdir(parents=True, exist_ok=True)
    progress.start("paint the deck", 1)
    layout = layout or lay_out(deck, seed=seed, gsd_mm=flight.gsd_mm_per_px)
    painted = paint(layout, seed=seed, lens_sigma_m=LENS_SIGMA_PX * flight.gsd_mm_per_px / 1000)
    progress.advance()
    shots = fly(deck, flight, seed=visit)
    _shoot(
        photos_dir, painted.canvas, shots, deck=deck, flight=flight, seed=visit, progress=progress
    )
    sightings = sight_targets(deck, flight, layout.targets_deck_m, shots, seed=visit)
    rendered = RenderedDeck(
        truth=_truth(layout, painted, flight, shots, seed),
        photos_dir=photos_dir,
        truth_path=out_dir / "truth.json",
        gcp_path=out_dir / "gcp.csv",
        asset_path=out_dir / "asset.yaml",
    )
    _write_records(rendered, sightings, deck)
    return rendered


def _shoot(
    photos_dir: Path,
    canvas: Canvas,
    shots: list[Shot],
    *,
    deck: Deck,
    flight: Flight,
    seed: int,
    progress: Progress,
) -> None:
    """Expose and write every photo, two at a time; each has random numbers of its own."""
    optics: Optics = build_optics(flight.camera)

    def take(number: int) -> None:
        shot = shots[number]
        rng = np.random.default_rng([seed, 8, number])
        pixels = expose(canvas, deck, optics, shot.pose, rng)
        taken_at = FIRST_SHOT + timedelta(seconds=BETWEEN_SHOTS_S * number)
        stamp = Stamp(taken_at=taken_at, number=number + 1)
        write_photo(photos_dir / shot.name, pixels, shot, flight, stamp)

    wanted = {shot.name for shot in shots}
    for stale in photos_dir.glob("TNK_*.JPG"):
        if stale.name not in wanted:  # of an earlier, longer flight into the same folder
            stale.unlink()
    progress.start("take photos", len(shots))
    with ThreadPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        for _ in pool.map(take, range(len(shots))):
            progress.advance()


def _truth(layout: Layout, painted: Painted, flight: Flight, shots: list[Shot], seed: int) -> Truth:
    """Collect everything known."""
    deck = layout.deck
    return Truth(
        name=deck.name,
        seed=seed,
        gsd_mm_per_px=flight.gsd_mm_per_px,
        map_crs=deck.map_crs,
        area_m2=deck.area_m2,
        cracks=true_cracks(layout, painted),
        distractors=_distractors(layout),
        capture={
            "deck": asdict(deck),
            "flight": asdict(flight) | {"focal_px": flight.focal_px, "height_m": flight.height_m},
            "crs_of_positions": WGS84_LONLAT,
            "height_reference": "ellipsoid",
            "lens_sigma_px": LENS_SIGMA_PX,
            "shots": [_shot_record(shot, deck) for shot in shots],
        },
    )


def true_cracks(layout: Layout, painted: Painted) -> tuple[TrueCrack, ...]:
    """List the cracks of a painted layout with their widths as painted."""
    cracks = []
    for crack in layout.cracks:
        lines = tuple(_thinned(path.points_deck_m) for path in crack.paths)
        widths = np.concatenate([path.width_mm for path in crack.paths])
        cracks.append(
            TrueCrack(
                crack_id=crack.crack_id,
                paths_deck_m=lines,
                paths_lonlat=tuple(layout.deck.to_lonlat_h(line)[:, :2] for line in lines),
                length_m=sum(path.length_m for path in crack.paths),
                width_mm=float(widths.mean()),
                width_max_mm=float(widths.max()),
                width_px=float(widths.mean()) / layout.gsd_mm,
                darkness=crack.recipe.darkness,
                tapered=crack.recipe.tapered,
                path_widths_mm=tuple(
                    _thinned(_locally(widths)) for widths in painted.widths_mm[crack.crack_id]
                ),
            )
        )
    return tuple(cracks)


def _distractors(layout: Layout) -> tuple[Distractor, ...]:
    things = []
    for thing in layout.things:
        ring = np.asarray(thing.outline_deck_m.exterior.coords)[:-1]
        lonlat = layout.deck.to_lonlat_h(ring)[:, :2]
        things.append(Distractor(kind=thing.kind, outline_deck_m=ring, outline_lonlat=lonlat))
    return tuple(things)


def _locally(widths_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average the painted widths over 10 mm along the crack, as a profile does."""
    padded = np.pad(widths_mm, 2, mode="edge")
    return np.convolve(padded, np.full(5, 0.2), mode="valid")


def _thinned(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keep every third point and the last."""
    kept = np.arange(0, len(points), TRUTH_EVERY)
    return np.asarray(points[np.union1d(kept, [len(points) - 1])], dtype=np.float64)


def _shot_record(shot: Shot, deck: Deck) -> dict[str, Any]:
    """Say where a photo truly is and what was written in it."""
    lon, lat, height = deck.frame.to_lonlat_h([shot.pose.centre_world_m])[0]
    return {
        "photo": shot.name,
        "true": {
            "centre_enu_m": np.round(shot.pose.centre_world_m, 5).tolist(),
            "lonlat_h": [round(float(lon), 11), round(float(lat), 11), round(float(height), 4)],
            "camera_from_enu": np.round(shot.pose.camera_from_world, 9).tolist(),
        },
        "written": {
            "lonlat_h": [
                round(shot.lonlat_h[0], 11),
                round(shot.lonlat_h[1], 11),
                round(shot.lonlat_h[2], 4),
            ],
            "relative_altitude_m": round(shot.height_m, 3),
            "yaw_deg": round(shot.yaw_deg, 2),
            "pitch_deg": round(shot.pitch_deg, 2),
            "roll_deg": round(shot.roll_deg, 2),
        },
    }


def _write_records(rendered: RenderedDeck, sightings: list[TargetSighting], deck: Deck) -> None:
    """Write truth, targets and asset beside the photos."""
    rendered.truth.write(rendered.truth_path)
    features = json.dumps(crack_features(rendered.truth), ensure_ascii=False)
    rendered.truth_path.with_suffix(".geojson").write_text(features + "\n", encoding="utf-8")
    rendered.gcp_path.write_text(_targets_csv(sightings, deck), encoding="utf-8")
    rendered.asset_path.write_text(_asset_yaml(deck), encoding="utf-8")


def _targets_csv(sightings: list[TargetSighting], deck: Deck) -> str:
    """Write the survey targets as ground control points, on the map and as lon/lat."""
    table = io.StringIO()
    table.write(f"# crs: {deck.map_crs}\n")
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["name", "photo", "x_px", "y_px", "x", "y", "lon", "lat", "h"])
    for seen in sightings:
        lon, lat, height = seen.lonlat_h
        east, north = to_crs([[lon, lat]], WGS84_LONLAT, deck.map_crs)[0]
        pixel = [f"{value:.2f}" for value in seen.xy_px]
        place = [f"{east:.4f}", f"{north:.4f}", f"{lon:.10f}", f"{lat:.10f}", f"{height:.4f}"]
        writer.writerow([seen.name, seen.photo, *pixel, *place])
    return table.getvalue()


def demo_asset(deck: Deck) -> Asset:
    """Describe the invented bridge with the attributes of the priority model."""
    return Asset(
        asset_id="DEMO-0001",
        name=deck.name,
        kind=AssetKind.BRIDGE,
        member="Ds0101",
        concrete=Concrete.RC,
        attributes={
            "length_m": deck.length_m,
            "age_years": 52.0,
            "emergency_route": "1",
            "under_bridge": "river",
            "adt": 6200.0,
            "detour_min": 25.0,
            "salt_zone": "I",
            "deicing": "moderate",
        },
    )


def _asset_yaml(deck: Deck) -> str:
    asset = demo_asset(deck)
    record = {
        "asset_id": asset.asset_id,
        "name": asset.name,
        "kind": asset.kind.value,
        "member": asset.member,
        "concrete": asset.concrete.value,
        "attributes": dict(asset.attributes),
    }
    return yaml.safe_dump(record, allow_unicode=True, sort_keys=False)
