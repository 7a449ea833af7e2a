"""Survey the proving deck and wall with known poses, and compare with what was painted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from datasets.synth.capture import Flight
from datasets.synth.deck import Deck
from datasets.synth.facade import CAMERA, GSD_MM, RenderedFacade
from datasets.synth.layout import Layout
from datasets.synth.render import render_deck
from datasets.synth.widths import rendered_calibration
from datasets.truth import TrueCrack
from inspection.domain.growth import Growth
from inspection.imaging.ortho import View
from inspection.pipeline.capability import Element, Proof, prove
from inspection.pipeline.growth import Side, compare, cracks_of
from inspection.pipeline.measure import Measured
from inspection.pipeline.ports import Silence
from tests.support.deck_calibration import DeckSurface, views_of
from tests.support.proving import Judged, Seen, judge, measure_along, paint
from tests.support.true_capability import TrueMap, shots_of_facade, true_map

Floats = NDArray[np.float64]

CELL_M = 0.02
"""Of the capability map."""
RIM_PX = 10
"""A photo does not measure so near to its border."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Carry one survey of a scene: the mosaic, the widths along known lines, and the truth."""

    seen: Seen
    measured: Measured
    cracks: tuple[TrueCrack, ...]
    gsd_mm: float

    def judged(self, cracks: Sequence[TrueCrack] | None = None) -> list[Judged]:
        """Compare each segment with what was painted, all of it or some."""
        known = self.cracks if cracks is None else cracks
        lines = [crack.paths_deck_m for crack in known]
        return judge(self.measured, known, lines, self.seen, self.gsd_mm)


def visit_deck(
    folder: Path, deck: Deck, layout: Layout, *, seed: int, flight_seed: int | None = None
) -> Visit:
    """Render and survey a deck from true poses."""
    flight = Flight()
    rendered = render_deck(
        folder, deck=deck, flight=flight, seed=seed, layout=layout, flight_seed=flight_seed
    )
    views = views_of(rendered, deck, flight, flight_seed=flight_seed)
    bounds = (0.0, 0.0, deck.length_m, deck.width_m)
    return _visit(
        views, deck, rendered.truth.cracks, folder, gsd_mm=flight.gsd_mm_per_px, bounds_m=bounds
    )


def visit_facade(folder: Path, facade: RenderedFacade, photos: Sequence[int]) -> Visit:
    """Survey a rendered wall through some of its photos."""
    views = [views_of_facade(facade)[number] for number in photos]
    bounds = (0.0, 0.0, facade.deck.length_m, facade.deck.width_m)
    return _visit(views, facade.deck, facade.cracks, folder, gsd_mm=GSD_MM, bounds_m=bounds)


def _visit(
    views: Sequence[View],
    deck: Deck,
    cracks: tuple[TrueCrack, ...],
    folder: Path,
    *,
    gsd_mm: float,
    bounds_m: tuple[float, float, float, float],
) -> Visit:
    seen = paint(
        views,
        DeckSurface(deck=deck),
        rendered_calibration(),
        folder,
        gsd_m=gsd_mm / 1000,
        bounds_m=bounds_m,
    )
    lines = [(path, crack.width_px) for crack in cracks for path in crack.paths_deck_m]
    return Visit(seen=seen, measured=measure_along(seen, lines), cracks=cracks, gsd_mm=gsd_mm)


def views_of_facade(facade: RenderedFacade) -> list[View]:
    """Give how the photos truly see the wall."""
    return [
        View(
            sha256=path.name,
            path=path,
            width_px=CAMERA.width_px,
            height_px=CAMERA.height_px,
            camera=CAMERA,
            pose=pose,
        )
        for path, pose in zip(facade.paths, facade.poses, strict=True)
    ]


def squarest_deg(facade: RenderedFacade, photos: Sequence[int]) -> dict[str, float]:
    """Give for each crack the angle at which the squarest of some photos sees its middle."""
    middle = np.array([facade.deck.length_m / 2, facade.deck.width_m / 2, 0.0])
    points = np.array([crack.paths_deck_m[0].mean(axis=0) for crack in facade.cracks])
    world = np.column_stack([points, np.zeros(len(points))]) - middle
    best = np.full(len(points), 90.0)
    shots = shots_of_facade(facade)
    for shot in (shots[number] for number in photos):
        x, y, _ = shot.see(world).T
        inside = (x > RIM_PX) & (x < shot.size_px[0] - RIM_PX)
        inside &= (y > RIM_PX) & (y < shot.size_px[1] - RIM_PX)
        angle = shot.incidence_deg(world, np.array([0.0, 0.0, 1.0]))
        best = np.where(inside, np.minimum(best, angle), best)
    return {crack.crack_id: float(a) for crack, a in zip(facade.cracks, best, strict=True)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """Carry a capability map of the wall beside the truth, cell by cell."""

    proof: Proof
    elements: tuple[Element, ...]
    truth: TrueMap


def map_facade(facade: RenderedFacade) -> Mapped:
    """Map what the photos of a wall could have measured, and say what is true."""
    deck = facade.deck
    wall = Element(name="wall", outline_m=shapely.box(0, 0, deck.length_m, deck.width_m))
    surface = DeckSurface(deck=deck)
    proof = prove(
        views_of_facade(facade),
        surface,
        "LOCAL",
        width_mm=1.0,
        progress=Silence(),
        elements=[wall],
        cell_m=CELL_M,
    )
    grid = proof.capability.grid
    x, y = np.meshgrid(np.arange(grid.width_px) + 0.5, np.arange(grid.height_px) + 0.5)
    world = surface.to_world_m(grid.to_surface(np.column_stack([x.ravel(), y.ravel()])))
    axes = np.eye(3)
    truth = true_map(shots_of_facade(facade), world, axes[0], axes[1])
    return Mapped(proof=proof, elements=(wall,), truth=truth)


def grown_between(first: Visit, second: Visit) -> dict[str, Growth]:
    """Compare two visits; each known crack with what became of the group that shows it.

    Cracks that cross are one group and go by the name of the first of them.
    """
    sides = [
        Side(
            mosaic=visit.seen.folder / "orthomosaic.tif",
            cracks=cracks_of(visit.measured.observations),
        )
        for visit in (first, second)
    ]
    places = {crack.key: shapely.get_coordinates(crack.axis_m) for crack in sides[0].cracks}
    points = np.concatenate([crack.paths_deck_m[0] for crack in first.cracks])
    names = np.concatenate(
        [np.full(len(crack.paths_deck_m[0]), crack.crack_id) for crack in first.cracks]
    )
    tree = cKDTree(points)
    found: dict[str, Growth] = {}
    for growth in compare(sides[0], sides[1], Silence()):
        if growth.before:
            _, nearest = tree.query(places[growth.before[0]])
            found[min(names[nearest])] = growth
    return found


def true_change_px(first: Visit, second: Visit) -> Mapping[str, float]:
    """Give by how much the mean painted width of each crack changed."""
    before = {crack.crack_id: np.concatenate(crack.path_widths_mm) for crack in first.cracks}
    after = {crack.crack_id: np.concatenate(crack.path_widths_mm) for crack in second.cracks}
    return {name: float(after[name].mean() - before[name].mean()) / first.gsd_mm for name in before}
