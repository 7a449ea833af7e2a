"""Render a facade seen square on, obliquely, from afar, blurred and in the dark, with known cracks.

A wall is a deck in another frame: x along it, y up, z out of it towards the cameras. The lens blurs
each photo in its own pixels, so that an oblique view is as soft as a square one. Photos carry no
position; ``RenderedFacade.poses`` are the true ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datasets.synth.deck import Deck
from datasets.synth.layout import Layout
from datasets.synth.paint import paint
from datasets.synth.photo import Lens, build_optics, expose, oversampled
from datasets.synth.proving import CELL_M, lay_out_proving
from datasets.synth.render import true_cracks
from datasets.truth import TrueCrack
from inspection.geo.camera import Camera, Pose
from inspection.pipeline.ports import Progress, Silence

CAMERA = Camera(width_px=1800, height_px=1350, focal_px=2000.0, cx_px=900.0, cy_px=675.0)
GSD_MM = 2.0
"""Of a square photo from ``DISTANCE_M``, to which the widths of the cracks refer."""
DISTANCE_M = GSD_MM / 1000 * CAMERA.focal_px
WIDTHS_PX = 3 * (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
SURFACE_SIGMA_M = 0.0003
"""Blur of the painted surface itself, so that no photo samples it too coarsely."""
QUALITY = 95


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """Say where a camera stands and where it looks.

    Attributes:
        name: of the photo.
        at_m: x, y along and up the wall, and distance from it.
        towards_m: x, y on the wall in the middle of the photo.
        lens: blur and light.
    """

    name: str
    at_m: tuple[float, float, float]
    towards_m: tuple[float, float]
    lens: Lens = field(default_factory=lambda: Lens(sigma_px=0.55))

    @property
    def camera_from_wall(self) -> NDArray[np.float64]:
        """Give the rotation from the wall's axes to those of the camera (x right, y down)."""
        forward = np.array([*self.towards_m, 0.0]) - self.at_m
        forward /= np.linalg.norm(forward)
        right = np.cross(forward, [0.0, 1.0, 0.0])
        right /= np.linalg.norm(right)
        return np.stack([right, np.cross(forward, right), forward])


def stand(
    name: str, towards_m: tuple[float, float], *, turn_deg: float = 0.0, **how: Lens
) -> Station:
    """Stand ``DISTANCE_M`` from a place on the wall, turned to the right by an angle."""
    turn = np.radians(turn_deg)
    x, y = towards_m
    at = (x + DISTANCE_M * float(np.sin(turn)), y, DISTANCE_M * float(np.cos(turn)))
    return Station(name=name, at_m=at, towards_m=towards_m, **how)


ROWS_M = (1.2, 2.7)
SQUARE = tuple(stand(f"square {x} {y}", (x, y)) for x in (1.1, 2.5) for y in ROWS_M)
OBLIQUE = tuple(
    stand(f"oblique {turn} {x} {y}", (x, y), turn_deg=turn)
    for turn, x in ((25.0, 5.1), (25.0, 6.3), (38.0, 8.0), (38.0, 9.2))
    for y in ROWS_M
)
AWKWARD = (
    stand("blurred", (10.4, 1.2), lens=Lens(sigma_px=1.8)),
    stand("dark", (10.4, 2.9), lens=Lens(sigma_px=0.55, stop=0.004)),
    Station(name="far", at_m=(8.9, 2.0, 8.0), towards_m=(8.9, 2.0)),
)
"""Photos that see much and prove little."""

STEEP = tuple(stand(f"steep {y}", (6.0, y), turn_deg=62.0) for y in ROWS_M)
"""Photos that see nearly all of what they show at more than 45°."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedFacade:
    """Carry a rendered facade and its truth.

    Attributes:
        deck: its frame; ENU has its origin in the middle of the wall, z towards the cameras.
        cracks: what was painted.
        stations: one for each photo.
        paths: the photos.
        poses: where they were truly taken, in ENU.
    """

    deck: Deck
    cracks: tuple[TrueCrack, ...]
    stations: tuple[Station, ...]
    paths: tuple[Path, ...]
    poses: tuple[Pose, ...]


def facade_deck(columns: int = 8, rows: int = 3) -> Deck:
    """Give a wall of so many cells."""
    return Deck(
        name="Proving wall (rendered)",
        length_m=columns * CELL_M[0],
        width_m=rows * CELL_M[1],
        kerb_m=0.0,
        approach_m=0.0,
        crossfall=0.0,
        heading_deg=90.0,
    )


def lay_out_facade(deck: Deck, *, seed: int) -> Layout:
    """Lay out cracks of 1 to 8 px, one a cell."""
    return lay_out_proving(
        deck, seed=seed, gsd_mm=GSD_MM, widths_px=WIDTHS_PX, crossings_px=(), branches_px=()
    )


def render_facade(
    out_dir: Path,
    *,
    stations: Sequence[Station] = (*SQUARE, *OBLIQUE, *AWKWARD),
    seed: int = 7,
    progress: Progress | None = None,
) -> RenderedFacade:
    """Render the photos of a facade into a folder; the same arguments give the same bytes.

    Args:
        out_dir: gets one JPEG a station.
        stations: cameras.
        seed: of every random number.
        progress: hears how far it has come.
    """
    progress = progress or Silence()
    out_dir.mkdir(parents=True, exist_ok=True)
    deck = facade_deck()
    layout = lay_out_facade(deck, seed=seed)
    painted = paint(layout, seed=seed, lens_sigma_m=SURFACE_SIGMA_M)
    fine = oversampled(CAMERA)
    optics = build_optics(fine)
    origin = np.array([deck.length_m / 2, deck.width_m / 2, 0.0])
    poses = tuple(
        Pose(camera_from_world=s.camera_from_wall, centre_world_m=np.array(s.at_m) - origin)
        for s in stations
    )
    paths = []
    progress.start("take photos", len(stations))
    for number, (station, pose) in enumerate(zip(stations, poses, strict=True)):
        rng = np.random.default_rng([seed, 9, number])
        pixels = expose(painted.canvas, deck, optics, pose, rng, lens=station.lens)
        paths.append(out_dir / f"WALL_{number + 1:02d}.JPG")
        Image.fromarray(pixels).save(paths[-1], format="JPEG", quality=QUALITY)
        progress.advance()
    return RenderedFacade(
        deck=deck,
        cracks=true_cracks(layout, painted),
        stations=tuple(stations),
        paths=tuple(paths),
        poses=poses,
    )
