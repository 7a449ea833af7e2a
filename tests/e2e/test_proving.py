"""The proving deck and wall: widths of 0.3 to 8 px, junctions, seams, oblique views, growth, maps.

Poses are the true ones and centre lines are known, so that what is tested is the measurement. The
whole road on the large deck, with the shipped network, is ``python -m tests.benchmarks.proving``.
"""

from pathlib import Path

import numpy as np
import pytest

from datasets.synth.facade import AWKWARD, OBLIQUE, SQUARE, STEEP, render_facade
from datasets.synth.proving import lay_out_proving, proving_deck
from inspection.domain.growth import Change
from inspection.domain.measurement import REFUSED_TOO_OBLIQUE
from inspection.pipeline.capability import answer
from tests.support.proving import Judged, away_from_junctions, class_row
from tests.support.proving_scenes import (
    Mapped,
    Visit,
    grown_between,
    map_facade,
    squarest_deg,
    true_change_px,
    visit_deck,
    visit_facade,
)

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]

WIDTHS_PX = (0.3, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
CROSSINGS_PX, BRANCHES_PX = ((4.0, 3.0), (5.0, 2.5)), (4.0,)
GROWN_PX = {"W04": 0.5, "W06": 0.5, "W07": 0.5, "W09": 0.5, "B1": 0.5}
STATIONS = (*SQUARE, *OBLIQUE[0:6:2], *AWKWARD)
MEASURING = range(7)
"""The photos of ``STATIONS`` that widths are read in; the others only take part in the map."""
BIAS_PX = 0.15


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("proving")


def visit(folder: Path, grown_px: dict[str, float], flight_seed: int) -> Visit:
    deck = proving_deck(columns=4, rows=3)
    layout = lay_out_proving(
        deck,
        seed=7,
        gsd_mm=2.0,
        widths_px=WIDTHS_PX,
        crossings_px=CROSSINGS_PX,
        branches_px=BRANCHES_PX,
        grown_px=grown_px,
    )
    return visit_deck(folder, deck, layout, seed=7, flight_seed=flight_seed)


@pytest.fixture(scope="module")
def before(folder: Path) -> Visit:
    return visit(folder / "before", {}, 7)


@pytest.fixture(scope="module")
def judged(before: Visit) -> list[Judged]:
    return before.judged()


def rows(judged: list[Judged], low_px: float, high_px: float) -> list[Judged]:
    return [row for row in judged if low_px <= row.nominal_px < high_px]


@pytest.mark.parametrize(("low_px", "high_px"), [(0.9, 1.8), (1.8, 3.5), (3.5, 9.0)])
def test_widths_of_each_class_are_right(
    judged: list[Judged], low_px: float, high_px: float
) -> None:
    found = class_row("", rows(judged, low_px, high_px))
    assert found.segments >= 4 and found.answered >= 0.9 * found.segments
    assert abs(found.median_bias_px) <= BIAS_PX
    assert abs(found.p95_bias_px) <= 2 * BIAS_PX  # few segments; by class on the large deck
    assert 0.02 < found.rms_px < 0.6
    assert found.covered is not None and found.covered >= 0.9


def test_the_greatest_widths_are_right_over_all_classes(judged: list[Judged]) -> None:
    found = class_row("", rows(judged, 0.9, 9.0))
    assert found.segments >= 20
    assert abs(found.median_bias_px) <= BIAS_PX and abs(found.p95_bias_px) <= BIAS_PX


def test_what_is_too_thin_is_below_the_limit_and_not_a_number(judged: list[Judged]) -> None:
    thin = class_row("", rows(judged, 0.0, 0.6))
    assert thin.segments >= 4
    assert thin.below >= 0.75 * thin.segments
    assert thin.rightly_below == thin.below  # none of them is truly wider than the limit
    wide = rows(judged, 1.4, 9.0)
    assert all(row.u_px is not None for row in wide)


def test_cracks_at_seams_are_as_wide_as_elsewhere(judged: list[Judged]) -> None:
    clear = rows(judged, 0.9, 9.0)
    seams = class_row("", [row for row in clear if row.at_seam])
    rest = class_row("", [row for row in clear if not row.at_seam])
    assert seams.segments >= 4 and rest.segments >= 4
    assert abs(seams.median_bias_px) <= BIAS_PX
    assert abs(seams.median_bias_px - rest.median_bias_px) <= BIAS_PX


def test_crossings_and_branches_are_measured_beside_their_junctions(judged: list[Judged]) -> None:
    joined = [row for row in judged if row.crack_id[0] in "XB"]
    found = class_row("", joined)
    assert {row.crack_id for row in joined} >= {"X1a", "X1b", "X2a", "X2b", "B1"}
    assert abs(found.median_bias_px) <= BIAS_PX
    assert found.covered is not None and found.covered >= 0.9


def test_leaving_out_the_junctions_hides_no_width(before: Visit, judged: list[Judged]) -> None:
    """Widths are read from 1.5 widths on (§4.4): the truth of all places says the same."""
    trimmed = before.judged(away_from_junctions(before.cracks))
    joined, clear = (
        class_row("", [row for row in some if row.crack_id[0] in "XB"])
        for some in (judged, trimmed)
    )
    assert abs(clear.median_bias_px) <= BIAS_PX
    assert abs(joined.p95_bias_px - clear.p95_bias_px) <= 0.05
    # bulges shorter than the running median of 14 px are cut: see "how wide is it, really"
    assert -0.35 <= joined.p95_bias_px <= 2 * BIAS_PX


def test_cracks_beyond_45_degrees_have_no_width_and_the_others_do(folder: Path) -> None:
    facade = render_facade(folder / "steep", stations=STEEP)
    photos = range(len(STEEP))
    seen, angle = (
        visit_facade(folder / "steep" / "mosaic", facade, photos),
        squarest_deg(facade, photos),
    )
    beyond = {crack for crack, deg in angle.items() if 48 <= deg < 60}
    assert len(beyond) >= 3
    assert seen.measured.too_oblique >= len(beyond)
    refused = [
        o for o in seen.measured.observations if o.measurement.width_mm == REFUSED_TOO_OBLIQUE
    ]
    assert len(refused) == seen.measured.too_oblique
    assert not {o.observation_id for o in refused} & set(seen.measured.readings)
    assert not beyond & {row.crack_id for row in seen.judged()}


def test_half_a_pixel_of_growth_is_found_and_none_is_no_change(folder: Path, before: Visit) -> None:
    after = visit(folder / "after", GROWN_PX, 107)
    true_px, found = true_change_px(before, after), grown_between(before, after)
    for name, growth in found.items():
        assert growth.width_mm is not None, name
        change_px = growth.width_mm.value / before.gsd_mm
        u_px = growth.width_mm.expanded_uncertainty / before.gsd_mm
        assert 0.05 < u_px < 0.3, name
        assert abs(change_px - true_px[name]) <= u_px, name
        expected = Change.GROWN if name in GROWN_PX else Change.NO_SIGNIFICANT_CHANGE
        assert growth.change is expected, name
    assert set(GROWN_PX) <= set(found)
    assert len(found) >= len(WIDTHS_PX) + len(BRANCHES_PX) + len(CROSSINGS_PX)


@pytest.fixture(scope="module")
def wall(folder: Path) -> tuple[Visit, Mapped, dict[str, float]]:
    facade = render_facade(folder / "wall", stations=STATIONS)
    return (
        visit_facade(folder / "wall" / "mosaic", facade, MEASURING),
        map_facade(facade),
        squarest_deg(facade, MEASURING),
    )


@pytest.mark.parametrize(("low_deg", "high_deg"), [(0, 20), (20, 44)])
def test_oblique_views_are_corrected(
    wall: tuple[Visit, Mapped, dict[str, float]], low_deg: float, high_deg: float
) -> None:
    seen, _, angle = wall
    mine = [row for row in seen.judged() if low_deg <= angle[row.crack_id] < high_deg]
    found = class_row("", mine)
    assert found.segments >= 4
    assert abs(found.median_bias_px) <= BIAS_PX and abs(found.p95_bias_px) <= 2 * BIAS_PX
    assert found.covered is not None and found.covered >= 0.9


@pytest.mark.parametrize("width_mm", [0.6, 0.66, 0.68, 0.75, 1.0, 1.35, 1.5])
def test_the_capability_map_is_right_also_near_the_limits(
    wall: tuple[Visit, Mapped, dict[str, float]], width_mm: float
) -> None:
    """0.66 mm is just what the square photos can do, 1.32 mm the far one, 20° what any may."""
    mapped = wall[1]
    true = mapped.truth.codes(width_mm)
    proof = answer(mapped.proof.capability, width_mm=width_mm, elements=mapped.elements)
    found = proof.inspected.ravel()
    assert float(np.mean(found == true)) >= 0.98
    assert float(np.mean((found == 1) & (true != 1))) <= 0.01
    assert 0.0 < float(np.mean(true == 1)) < 1.0
    assert {int(code) for code in np.unique(true)} >= {1, 2}
