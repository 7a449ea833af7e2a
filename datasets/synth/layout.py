"""Lay out the deck: where joints, markings, targets, stains and cracks are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import LineString, MultiLineString, Polygon, box
from shapely.geometry.base import BaseGeometry

from datasets.synth.deck import Deck
from datasets.synth.fracture import RECIPES, Path, Recipe, grow
from inspection.errors import BadInput

Points = NDArray[np.float64]

CLEAR_OF_OBJECTS_M = 0.12
CLEAR_OF_CRACKS_M = 0.28
CLEAR_OF_EDGES_M = 0.20
TRIES = 400
AREA_PER_CRACK_M2 = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Crack:
    """Carry one crack of the layout: its recipe and its grown paths."""

    crack_id: str
    recipe: Recipe
    paths: tuple[Path, ...]

    @property
    def line_deck_m(self) -> MultiLineString:
        """Give the centre lines as one geometry."""
        return MultiLineString([path.points_deck_m for path in self.paths])


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Carry one object on the deck that is no crack.

    Attributes:
        kind: what it is.
        outline_deck_m: where it is.
        blocks: no crack may run through it.
    """

    kind: str
    outline_deck_m: Polygon
    blocks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Carry everything that is painted on the deck.

    Attributes:
        deck: the deck itself.
        gsd_mm: nominal ground sample distance of the photos, to which crack widths refer.
        things: objects, in order of painting.
        targets_deck_m: (n, 2) centres of the survey targets.
        cracks: all cracks.
    """

    deck: Deck
    gsd_mm: float
    things: tuple[Thing, ...]
    targets_deck_m: Points
    cracks: tuple[Crack, ...]

    def of(self, kind: str) -> list[Thing]:
        """Give the things of one kind."""
        return [thing for thing in self.things if thing.kind == kind]


def lay_out(deck: Deck, *, seed: int, gsd_mm: float) -> Layout:
    """Lay out a deck; the same seed gives the same deck.

    Raises:
        BadInput: when the deck is too small to hold its cracks apart from each other.
    """
    rng = np.random.default_rng([seed, 1])
    targets = _targets(deck)
    things = [*_markings(deck), *_joints(deck), *_furniture(deck, targets), *_dirt(deck, rng)]
    return Layout(
        deck=deck,
        gsd_mm=gsd_mm,
        things=tuple(things),
        targets_deck_m=targets,
        cracks=tuple(_cracks(deck, things, rng, gsd_mm)),
    )


def _joints(deck: Deck) -> list[Thing]:
    """Place an expansion joint at either end and sealed construction joints in between."""
    length, width = deck.length_m, deck.width_m
    ends = [box(-0.16, 0, 0.16, width), box(length - 0.16, 0, length + 0.16, width)]
    thirds = [length / 3 + 0.1, 2 * length / 3 - 0.1] if length > 9 else []
    seals = [box(x - 0.007, 0, x + 0.007, width) for x in thirds]
    return [Thing(kind="expansion_joint", outline_deck_m=end, blocks=True) for end in ends] + [
        Thing(kind="construction_joint", outline_deck_m=seal, blocks=True) for seal in seals
    ]


def _markings(deck: Deck) -> list[Thing]:
    """Place edge lines of 0.15 m and a dashed centre line, 5 m on and 5 m off."""
    length, width = deck.length_m, deck.width_m
    start, stop = -deck.approach_m, length + deck.approach_m
    bars = [box(start, y - 0.075, stop, y + 0.075) for y in (0.5, width - 0.5) if width > 3]
    dashes = np.arange(start + 1.1, stop, 10.0)
    bars += [box(x, width / 2 - 0.075, min(x + 5.0, stop), width / 2 + 0.075) for x in dashes]
    return [Thing(kind="lane_marking", outline_deck_m=bar) for bar in bars]


def _targets(deck: Deck) -> Points:
    """Place survey targets near the corners and at the middle, off any symmetry."""
    length, width = deck.length_m, deck.width_m
    fractions = [(0.055, 0.17), (0.945, 0.83), (0.06, 0.80), (0.93, 0.19), (0.505, 0.63)]
    return np.array([(u * length, v * width) for u, v in fractions])


def _furniture(deck: Deck, targets_deck_m: Points) -> list[Thing]:
    """Place scuppers along the low kerb, a repair patch, and the survey targets."""
    length, width = deck.length_m, deck.width_m
    scuppers = [
        box(x - 0.2, 0.06, x + 0.2, 0.26) for x in np.arange(length / 6, length, length / 3)
    ]
    patch = box(length * 0.70, width * 0.55, length * 0.70 + 1.3, width * 0.55 + 0.9)
    discs = [LineString([c, c]).buffer(0.15) for c in targets_deck_m]
    return (
        [Thing(kind="patch", outline_deck_m=patch, blocks=True)]
        + [Thing(kind="scupper", outline_deck_m=s, blocks=True) for s in scuppers]
        + [Thing(kind="survey_target", outline_deck_m=d, blocks=True) for d in discs]
    )


def _dirt(deck: Deck, rng: np.random.Generator) -> list[Thing]:
    """Place tyre marks in the wheel paths, a skid, oil drops, rust and damp patches."""
    length, width = deck.length_m, deck.width_m
    wheels = [
        box(-deck.approach_m, y - 0.16, length + deck.approach_m, y + 0.16)
        for y in (0.19 * width, 0.40 * width, 0.62 * width, 0.83 * width)
    ]
    along = np.linspace(0, 1, 60)
    skid = np.column_stack(
        [length * (0.36 + 0.24 * along), width * (0.18 + 0.10 * along + 0.14 * along**2)]
    )
    skids = [LineString(np.add(skid, (0.0, shift))).buffer(0.07) for shift in (0.0, 0.8)]
    count = max(2, round(deck.area_m2 / 9))
    oil = [_blot(rng, deck, rng.uniform(0.03, 0.10)) for _ in range(count)]
    rust = [_blot(rng, deck, rng.uniform(0.12, 0.30)) for _ in range(max(1, count // 4))]
    damp = [_blot(rng, deck, rng.uniform(0.35, 0.75)) for _ in range(max(1, count // 5))]
    groups = {"tyre_mark": wheels, "skid_mark": skids, "oil": oil, "rust": rust, "damp": damp}
    return [Thing(kind=kind, outline_deck_m=p) for kind, parts in groups.items() for p in parts]


def _blot(rng: np.random.Generator, deck: Deck, radius_m: float) -> Polygon:
    """Give a rounded irregular outline somewhere on the deck."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    radius = np.full(48, radius_m)
    for order in (2, 3, 4, 5, 7):
        swing = rng.normal(0, 0.28 / order)
        radius += radius_m * swing * np.cos(order * angle + rng.uniform(0, 2 * np.pi))
    centre = rng.uniform((0.3, 0.3), (deck.length_m - 0.3, deck.width_m - 0.3))
    stretch = np.array([1.0, rng.uniform(0.6, 1.0)])
    ring = np.column_stack([np.cos(angle), np.sin(angle)]) * np.abs(radius)[:, None] * stretch
    return Polygon(ring + centre).buffer(0)


def _cracks(
    deck: Deck, things: list[Thing], rng: np.random.Generator, gsd_mm: float
) -> list[Crack]:
    """Grow the mix of cracks, clear of blocking objects, of the edges and of each other."""
    free: BaseGeometry = box(
        CLEAR_OF_EDGES_M,
        CLEAR_OF_EDGES_M,
        deck.length_m - CLEAR_OF_EDGES_M,
        deck.width_m - CLEAR_OF_EDGES_M,
    )
    for thing in things:
        if thing.blocks:
            free = free.difference(thing.outline_deck_m.buffer(CLEAR_OF_OBJECTS_M))
    count = max(2, round(deck.area_m2 / AREA_PER_CRACK_M2))
    cracks: list[Crack] = []
    for number in range(count):
        recipe = RECIPES[number % len(RECIPES)]
        paths = _place(deck, free, recipe, rng, gsd_mm)
        crack = Crack(crack_id=f"C{number + 1:02d}", recipe=recipe, paths=tuple(paths))
        free = free.difference(crack.line_deck_m.buffer(CLEAR_OF_CRACKS_M))
        cracks.append(crack)
    return cracks


def _place(
    deck: Deck, free: BaseGeometry, recipe: Recipe, rng: np.random.Generator, gsd_mm: float
) -> list[Path]:
    """Try random places until a crack fits into the free surface."""
    for _ in range(TRIES):
        start = rng.uniform((0.2, 0.2), (deck.length_m - 0.2, deck.width_m - 0.2))
        paths = grow(rng, start, recipe, gsd_mm)
        if free.contains(MultiLineString([path.points_deck_m for path in paths])):
            return paths
    raise BadInput(
        f"no room for a crack of {recipe.length_m} m on a deck of {deck.length_m} m × "
        f"{deck.width_m} m; render a larger deck"
    )
