"""Compare where a survey draws its cracks in the photos with where they truly are in them.

The truth comes from the renderer: true centre lines through true poses. What is judged went through
the network, the registration, the mosaic and back into the photo.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from datasets.synth.capture import Flight
from datasets.synth.deck import Deck
from datasets.truth import Truth
from inspection.geo.camera import Camera, Pose
from inspection.pipeline.dossier import open_dossier
from inspection.pipeline.onlook import axis_in_photo, photo_sightings
from inspection.store import defects
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine, reading

NEAR_PX = 25.0
"""A centre line that is farther from every true one was not a crack: a false alarm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Carry how one crack lies in one photo.

    Attributes:
        off_px: (n,) distance of its places from the true centre lines.
        is_best: the photo that would be shown first.
    """

    off_px: NDArray[np.float64]
    is_best: bool


def compare(out: Path, deck: Deck, flight: Flight) -> list[Drawn]:
    """Compare every crack of a run over a rendered deck in every photo that sees it."""
    truth = Truth.read(out / "deck" / "truth.json")
    poses = {shot["photo"]: _pose(shot["true"]) for shot in truth.capture["shots"]}
    lines = [path for crack in truth.cracks for path in crack.paths_deck_m]
    engine = create_engine(f"sqlite:///{out / 'store' / 'tenken.sqlite'}")
    blobs = FolderBlobs(out / "store" / "blobs")
    try:
        with reading(engine) as connection:
            found = defects.find(connection, limit=1000).rows
        drawn = []
        for defect in found:
            if defect.latest.axis_surface_m is None:
                continue
            dossier = open_dossier(engine, blobs, defect.defect_id)
            for rank, sighting in enumerate(photo_sightings(dossier)):
                name = dossier.photos[sighting.sha256].name
                true = _projected(lines, deck, flight.camera, poses[name])
                places = np.array([(x, y) for _, x, y in axis_in_photo(dossier, sighting.sha256)])
                off = shapely.distance(true, shapely.points(places[2:-2]))
                if len(off) >= 5 and np.median(off) < NEAR_PX:
                    drawn.append(Drawn(off_px=off, is_best=rank == 0))
        return drawn
    finally:
        engine.dispose()


def _pose(true: dict[str, list[float]]) -> Pose:
    return Pose(
        camera_from_world=np.array(true["camera_from_enu"], dtype=np.float64),
        centre_world_m=np.array(true["centre_enu_m"], dtype=np.float64),
    )


def _projected(
    lines: list[NDArray[np.float64]], deck: Deck, camera: Camera, pose: Pose
) -> shapely.Geometry:
    """Give the true centre lines in a photo, px."""
    seen = []
    for line in lines:
        pixels = camera.project(pose.to_camera(deck.to_enu_m(line)))
        inside = np.isfinite(pixels).all(axis=1) & (np.abs(pixels - 1500) < 4000).all(axis=1)
        if inside.sum() >= 2:
            seen.append(shapely.linestrings(pixels[inside]))
    return shapely.union_all(seen)
