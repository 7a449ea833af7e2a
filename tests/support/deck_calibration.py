"""Measure how the renderer draws cracks: true poses and true centre lines, nothing else.

Neither the network nor the registration has a say, as with a target board in the field.
"""

import itertools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import median_filter
from scipy.spatial import cKDTree

from datasets.synth.capture import Flight, fly
from datasets.synth.deck import Deck
from datasets.synth.render import RenderedDeck
from inspection.domain.segment import robust_maximum
from inspection.domain.widthcalibration import Tone, WidthCalibration
from inspection.domain.widthfit import fit_errors, fit_offsets
from inspection.imaging.crossing import half_px
from inspection.imaging.ortho import View
from inspection.imaging.sourcewidth import HALF_STEP_PX, Places, measure_in_photos
from inspection.imaging.widths import UNREADABLE
from inspection.pipeline.crackwidths import STEADY_NOISE

Floats = NDArray[np.float64]

CORES = (0.25, 0.29, 0.33)
CORE_STDS = (0.12, 0.16, 0.20)
KNOTS_PX = (0.4, 0.8, 1.6, 2.6, 3.6, 5.0, 8.0)
STEADY_PLACES = 5
"""Places of the truth, 3 pixels apart, in the running median that the road takes over 14 pixels."""

SEGMENT_POINTS = 84
"""Half a metre: the truth has a point every 6 mm."""

BLANK_M, CLEAR_M = 0.2, 0.03
"""Lines without a crack lie so far beside the cracks, and keep so clear of any other one."""
BLANK_SHARE = 95
"""Per cent of the half metres without a crack that must be called below the limit."""

START = WidthCalibration(
    name="rendered proving deck of another seed than what is judged",
    tone=Tone.SRGB,
    core=0.3,
    core_std=0.1,
    blur_px=0.75,
    blur_std_px=0.1,
    floor_px=0.0,
    share=0.0,
    limit_px=0.0,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeckSurface:
    """Tie metres of the deck to the ENU world of the poses."""

    deck: Deck

    def to_world_m(self, points_surface_m: ArrayLike) -> Floats:
        return self.deck.to_enu_m(points_surface_m)

    def to_surface_m(self, points_world_m: ArrayLike) -> Floats:
        enu = np.asarray(points_world_m, dtype=np.float64)
        plane = self.deck.enu_from_deck
        flat = np.column_stack([enu[:, :2], np.ones(len(enu))])
        return (flat @ np.linalg.inv(np.vstack([plane[:2], [0, 0, 1]])).T)[:, :2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Carry places on known cracks.

    Attributes:
        places: where.
        true_mm: (n,) painted width.
        segment: (n,) number of the half metre.
        crack: (n,) number of the crack.
    """

    places: Places
    true_mm: Floats
    segment: NDArray[np.int64]
    crack: NDArray[np.int64]


def views_of(
    rendered: RenderedDeck, deck: Deck, flight: Flight, *, flight_seed: int | None = None
) -> list[View]:
    """Give how the photos truly see the deck; the seed of the flight as ``render_deck`` got it."""
    seed = rendered.truth.seed if flight_seed is None else flight_seed
    return [
        View(
            sha256=shot.name,
            path=rendered.photos_dir / shot.name,
            width_px=flight.width_px,
            height_px=flight.height_px,
            camera=flight.camera,
            pose=shot.pose,
        )
        for shot in fly(deck, flight, seed=seed)
    ]


def samples_of(rendered: RenderedDeck) -> Samples:
    """List places on all rendered cracks, ends left out."""
    points, normals, true, segment, number, half = [], [], [], [], [], []
    count = 0
    gsd_mm = rendered.truth.gsd_mm_per_px
    for i, crack in enumerate(rendered.truth.cracks):
        for line, widths in zip(crack.paths_deck_m, crack.path_widths_mm, strict=True):
            at = np.arange(6, len(line) - 6)
            chord = line[at + 3] - line[at - 3]
            points.append(line[at])
            normals.append(np.column_stack([-chord[:, 1], chord[:, 0]]))
            normals[-1] /= np.hypot(*normals[-1].T)[:, None]
            true.append(widths[at])
            parts = max(1, round(len(at) / SEGMENT_POINTS))
            segment.append(count + np.arange(len(at)) * parts // len(at))
            count += parts
            number.append(np.full(len(at), i))
            reach = -(-half_px(crack.width_px) // HALF_STEP_PX) * HALF_STEP_PX
            half.append(np.full(len(at), reach))
    every = np.concatenate(points)
    return Samples(
        places=Places(
            points_m=every,
            normals=np.concatenate(normals),
            half_px=np.concatenate(half),
            preferred=np.full(len(every), -1),
            step_m=gsd_mm / 1000,
        ),
        true_mm=np.concatenate(true),
        segment=np.concatenate(segment),
        crack=np.concatenate(number),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """Carry fitted widths beside true ones, pixels."""

    width_px: Floats
    noise_px: Floats
    true_px: Floats
    segment: NDArray[np.int64]
    crack: NDArray[np.int64]


def blanks_of(samples: Samples) -> Samples:
    """Move every crack's places aside, to where no crack is: what is read there is none."""
    points = samples.places.points_m.copy()
    for i in np.unique(samples.crack):
        mine = samples.crack == i
        across = samples.places.normals[mine][0]
        points[mine] += BLANK_M * across
    away, _ = cKDTree(samples.places.points_m).query(points)
    kept = away > CLEAR_M
    places = replace(
        samples.places,
        points_m=points[kept],
        normals=samples.places.normals[kept],
        half_px=samples.places.half_px[kept],
        preferred=samples.places.preferred[kept],
    )
    return Samples(
        places=places,
        true_mm=np.zeros(int(kept.sum())),
        segment=samples.segment[kept],
        crack=samples.crack[kept],
    )


def measure_samples(
    samples: Samples, views: list[View], deck: Deck, calibration: WidthCalibration
) -> Fitted:
    """Measure some places in the best photo of each."""
    found = measure_in_photos(samples.places, views, DeckSurface(deck=deck), calibration)
    read = found.method[:, 0] != UNREADABLE
    gsd = found.gsd_mm_per_px[read, 0]
    return Fitted(
        width_px=found.width_mm[read, 0] / gsd,
        noise_px=found.noise_mm[read, 0] / gsd,
        true_px=samples.true_mm[read] / gsd,
        segment=samples.segment[read],
        crack=samples.crack[read],
    )


def fit_deck(rendered: RenderedDeck, deck: Deck, flight: Flight) -> WidthCalibration:
    """Fit a calibration: darkness by the least spread between cracks, then offsets, limit and U."""
    samples, views = samples_of(rendered), views_of(rendered, deck, flight)
    tried = []
    for core, core_std in itertools.product(CORES, CORE_STDS):
        candidate = replace(START, core=core, core_std=core_std)
        fitted = measure_samples(samples, views, deck, candidate)
        corrected = replace(candidate, offsets_px=offsets_of(fitted))
        tried.append((spread_px(fitted, corrected), corrected))
    best = min(tried, key=lambda pair: pair[0])[1]
    limit = limit_of(measure_samples(blanks_of(samples), views, deck, best))
    floor, share = errors_of(measure_samples(samples, views, deck, best), limit)
    return replace(best, floor_px=floor, share=share, limit_px=limit)


def limit_of(blank: Fitted) -> float:
    """Give the width that 95 % of the half metres without a crack are read below."""
    robust = [robust_px(blank, part) for part in segments_of(blank)]
    return round(float(np.percentile(robust, BLANK_SHARE)), 2)


def robust_px(fitted: Fitted, part: NDArray[np.int64]) -> float:
    """Give the robust maximum of a segment as the road takes it."""
    steady = median_filter(fitted.width_px[part], STEADY_PLACES, mode="nearest")
    return robust_maximum(steady, STEADY_NOISE * float(np.median(fitted.noise_px[part])))


def segments_of(fitted: Fitted) -> list[NDArray[np.int64]]:
    """List the places of each segment that has enough of them."""
    rows = [np.flatnonzero(fitted.segment == i) for i in np.unique(fitted.segment)]
    return [part for part in rows if len(part) >= SEGMENT_POINTS // 4]


def offsets_of(fitted: Fitted) -> tuple[tuple[float, float], ...]:
    """Fit the offset at a few widths to the medians of segments, every crack of equal weight.

    Single places would not do: their fitted and true widths differ by chance, which looks like an
    offset that grows with the width.
    """
    rows = segments_of(fitted)
    width = np.array([np.median(fitted.width_px[part]) for part in rows])
    miss = width - np.array([np.median(fitted.true_px[part]) for part in rows])
    crack = np.array([fitted.crack[part[0]] for part in rows])
    return fit_offsets(width, width - miss, crack, KNOTS_PX)


def spread_px(fitted: Fitted, calibration: WidthCalibration) -> float:
    """Give the root mean square of the error of segments (medians)."""
    width = calibration.corrected_px(fitted.width_px)
    errors = [
        np.median(width[part]) - np.median(fitted.true_px[part]) for part in segments_of(fitted)
    ]
    return float(np.sqrt(np.mean(np.square(errors))))


def errors_of(fitted: Fitted, limit_px: float) -> tuple[float, float]:
    """Find floor and share that hold the robust maximum of 95 % of segments with the least U.

    The maximum is taken as the road takes it; segments below the limit get no U.
    """
    rows = segments_of(fitted)
    width, true, noise = (np.zeros(len(rows)) for _ in range(3))
    for i, part in enumerate(rows):
        width[i] = robust_px(fitted, part)
        true[i] = np.percentile(fitted.true_px[part], 95)
        noise[i] = np.median(fitted.noise_px[part]) / np.sqrt(len(part) / STEADY_PLACES)
    given = width >= limit_px
    return fit_errors(width[given], true[given], noise[given])
