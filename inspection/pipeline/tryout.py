"""Trial → figures and outlines: let a model look at a part of a mosaic, and change nothing else.

The steps are those of a survey: detect, measure, leave out what is too short. No defect, no
observation and no work list is touched, so a trial may be made of any survey at any time.
"""

import hashlib
import json
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
import shapely

from inspection.domain.comparison import Agreement, Outline, agreements
from inspection.domain.defect import Observation
from inspection.domain.fragment import join
from inspection.domain.raster import Chip, Orthomosaic
from inspection.errors import Broken
from inspection.imaging.chips import chips, cores, raster_shape
from inspection.pipeline.cracks import ground_scale
from inspection.pipeline.detect import MIN_AREA_PX, Walk, find, gsd_warnings
from inspection.pipeline.measure import measure
from inspection.pipeline.ports import Clock
from inspection.pipeline.tools import Tools
from inspection.store import keys, orthomosaics, trials
from inspection.store.engine import reading, writing
from inspection.store.trials import Trial

OUTLINES_MAX = 5000
"""Most outlines that a map shows, the largest first; the figures count all of them."""

COMPARED_MAX = 10_000
"""Most outlines that are kept to be compared with those of another model, the largest first: to
compare so many takes some ten seconds of a processor."""

TOLERANCE_PX = 3.0
"""How far apart two outlines of the same thing may be: crack masks of two networks differ by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFigures:
    """Say how much of one class was found.

    Attributes:
        count: damages.
        area_m2: surface of all of them.
        length_m: length of all of them, None for what is no line.
        share: of the surface that was looked at, 0..1.
    """

    count: int
    area_m2: float
    length_m: float | None
    share: float

    @property
    def plain(self) -> dict[str, object]:
        """Give plain values, rounded to what they can bear."""
        return {
            "count": self.count,
            "area_m2": round(self.area_m2, 8),
            "length_m": None if self.length_m is None else round(self.length_m, 4),
            "share": round(self.share, 8),
        }


def try_out(trial_id: UUID, tools: Tools) -> None:
    """Do a trial with a detector and keep what it found.

    Args:
        trial_id: what is to be tried.
        tools: with the model of the trial already.

    Raises:
        NotFound: when there is no such trial or mosaic.
        TenkenError: of any other family, when the mosaic or the network fails.
    """
    with reading(tools.engine) as connection:
        trial = trials.by_id(connection, trial_id)
        mosaic = orthomosaics.of(connection, trial.survey_id, trial.mosaic_sha256)
    began = tools.clock.now()
    observed, facts = _look(trial, mosaic, tools)
    kept = largest(observed)
    content = json.dumps([outline_to_plain(one) for one in kept]).encode()
    key = keys.outlines_key(trial_id, hashlib.sha256(content).hexdigest())
    tools.blobs.put_bytes(key, content)
    figures = {
        **facts,
        "classes": classes_of(observed, facts["surface_m2"]),
        "found": len(observed),
        "outlines": min(len(kept), OUTLINES_MAX),
        "compared": len(kept),
        "seconds": _seconds_since(began, tools.clock),
    }
    with writing(tools.engine) as connection:
        tools.warrant.commit(connection)
        trials.finish(connection, trial_id, figures=figures, outlines_key=key)


@dataclass
class _Surface:
    """Count the pixels that show something."""

    valid_px: int = 0

    def walked(self, stream: Generator[Chip, None, None]) -> Generator[Chip, None, None]:
        """Pass chips on and count the valid pixels of their cores."""
        with closing(stream):
            for chip in stream:
                x0, y0, x1, y1 = chip.core
                rows = slice(y0 - chip.y_px, y1 - chip.y_px)
                columns = slice(x0 - chip.x_px, x1 - chip.x_px)
                self.valid_px += int(np.count_nonzero(chip.valid[rows, columns]))
                yield chip


def _look(
    trial: Trial, mosaic: Orthomosaic, tools: Tools
) -> tuple[tuple[Observation, ...], dict[str, Any]]:
    """Detect and measure in the window; give what was seen and how."""
    detector, cut, surface = tools.detector(), tools.cut, _Surface()
    with tools.blobs.local_path(mosaic.blob_key) as path:
        shape = raster_shape(path)
        window = trial.window_px
        layout = cores(shape, chip_px=cut.chip_px, margin_px=cut.margin_px, window=window)
        warnings = gsd_warnings(shape, detector)
        tools.progress.start("detect", len(layout))
        stream = chips(path, chip_px=cut.chip_px, margin_px=cut.margin_px, window=window)
        found = find(
            surface.walked(stream),
            detector=detector,
            batch=tools.batch,
            progress=Walk(layout, tools.progress),
        )
        detections = join(found.parts, classes=detector.classes, min_area_px=MIN_AREA_PX)
        measured = measure(
            detections,
            mosaic_path=path,
            sources_path=None,
            mosaic=mosaic,
            model_id=detector.model_id,
            progress=tools.progress,
            calibration=tools.calibration,
        )
    x0, y0, x1, y1 = window
    scale = ground_scale(mosaic.grid, ((x0 + x1) / 2, (y0 + y1) / 2))
    return measured.observations, {
        "model": detector.model_id,
        "surface_m2": round(surface.valid_px * scale.gsd_m_per_px**2, 6),
        "gsd_mm_per_px": round(scale.gsd_m_per_px * 1000, 4),
        "chips_read": found.chips_read,
        "too_short": sum(measured.too_short.values()),
        "distractors": dict(measured.distractors),
        "warnings": list(warnings),
    }


def classes_of(observed: Sequence[Observation], surface_m2: float) -> dict[str, dict[str, object]]:
    """Add up what was found by class, by name of the class."""
    found: dict[str, list[Observation]] = {}
    for one in observed:
        found.setdefault(one.damage_class.value, []).append(one)
    return {
        name: _figures([outline_of(one) for one in found[name]], surface_m2).plain
        for name in sorted(found)
    }


def _figures(outlines: Sequence[Outline], surface_m2: float) -> ClassFigures:
    area_m2 = sum(one.area_m2 for one in outlines)
    lengths = [one.length_m for one in outlines if one.length_m is not None]
    return ClassFigures(
        count=len(outlines),
        area_m2=area_m2,
        length_m=sum(lengths) if lengths else None,
        share=area_m2 / surface_m2 if surface_m2 > 0 else 0.0,
    )


def largest(observed: Sequence[Observation], most: int = COMPARED_MAX) -> list[Outline]:
    """Give the outlines of the largest damages, at most so many."""
    outlines = [outline_of(one) for one in observed]
    return sorted(outlines, key=lambda one: -one.area_m2)[:most]


def outline_of(seen: Observation) -> Outline:
    """Keep of an observation what a trial shows."""
    length = seen.measurement.length_m
    return Outline(
        damage_class=seen.damage_class.value,
        confidence=seen.confidence,
        area_m2=seen.measurement.area_m2.value or 0.0,
        length_m=None if length is None else length.value,
        shape=seen.outline_surface_m,
    )


def outline_to_plain(outline: Outline) -> dict[str, object]:
    """Write an outline as plain values, its shape as WKT to a tenth of a millimetre."""
    return {
        "class": outline.damage_class,
        "confidence": round(outline.confidence, 4),
        "area_m2": round(outline.area_m2, 8),
        "length_m": None if outline.length_m is None else round(outline.length_m, 4),
        "shape": shapely.to_wkt(outline.shape, rounding_precision=4),
    }


def read_outlines(content: bytes) -> tuple[Outline, ...]:
    """Read the outlines that a trial kept.

    Raises:
        Broken: when they are damaged.
    """
    try:
        return tuple(
            Outline(
                damage_class=str(one["class"]),
                confidence=float(one["confidence"]),
                area_m2=float(one["area_m2"]),
                length_m=None if one["length_m"] is None else float(one["length_m"]),
                shape=shapely.make_valid(shapely.from_wkt(one["shape"])),
            )
            for one in json.loads(content)
        )
    except (ValueError, KeyError, TypeError, shapely.errors.ShapelyError) as error:
        raise Broken(f"the outlines of a trial are damaged ({error!r}); try it again") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Carry one side of a comparison: what a model found, and whether the other did too.

    Attributes:
        outlines: objects.
        agreements: of each of them, whether the other model found it.
    """

    outlines: tuple[Outline, ...]
    agreements: tuple[Agreement, ...]

    def figures(self, surface_m2: float) -> dict[str, dict[str, ClassFigures]]:
        """Add up by class and agreement, by their names."""
        parts: dict[str, dict[str, list[Outline]]] = {}
        for outline, agreement in zip(self.outlines, self.agreements, strict=True):
            by_agreement = parts.setdefault(outline.damage_class, {})
            by_agreement.setdefault(agreement.value, []).append(outline)
        return {
            kind: {name: _figures(part, surface_m2) for name, part in by_agreement.items()}
            for kind, by_agreement in sorted(parts.items())
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Carry what two models found in the same place."""

    first: Side
    second: Side
    tolerance_m: float


def compare(
    first: tuple[Outline, ...], second: tuple[Outline, ...], *, gsd_m_per_px: float
) -> Compared:
    """Say what both models found, and what only one of them.

    Args:
        first: objects of the one.
        second: objects of the other.
        gsd_m_per_px: of the mosaic.
    """
    tolerance_m = TOLERANCE_PX * gsd_m_per_px
    return Compared(
        first=Side(outlines=first, agreements=agreements(first, second, tolerance_m=tolerance_m)),
        second=Side(outlines=second, agreements=agreements(second, first, tolerance_m=tolerance_m)),
        tolerance_m=tolerance_m,
    )


def _seconds_since(began: datetime, clock: Clock) -> float:
    return round(float((clock.now() - began).total_seconds()), 3)
