"""⑪ 床版ひびわれ: both versions of the table, the numbers behind its words, and laws."""

import doctest
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.codelists.bridgerules import DECK_2004, load_deck_rule
from inspection.domain import deckcrack
from inspection.domain.deckcrack import (
    DeckPanel,
    Directions,
    deck_candidate,
    deck_grade,
    directions_of,
    panel_of,
)
from inspection.domain.grade import GRADES
from inspection.errors import BadGeometry, BadInput

NOW, OLD = load_deck_rule(), load_deck_rule(DECK_2004)
WORDS = NOW.words


def lines(
    spacing_m: float, width_mm: float, *, grid: bool = False, side_m: float = 2.0
) -> list[tuple[shapely.LineString, float]]:
    """Draw cracks across a square panel, and along it too for a grid."""
    at = np.arange(spacing_m / 2, side_m, spacing_m)
    across = [(shapely.LineString([(x, 0), (x, side_m)]), width_mm) for x in at]
    along = [(shapely.LineString([(0, y), (side_m, y)]), width_mm) for y in at]
    return across + along if grid else across


def panel(cracks: list[tuple[shapely.LineString, float]], **more: object) -> DeckPanel:
    return panel_of(cracks, area_m2=4.0, words=WORDS, **more)  # type: ignore[arg-type]


def spalls(at: float = 0.25, side_m: float = 0.04) -> list[shapely.Polygon]:
    return [shapely.box(at - side_m / 2, at - side_m / 2, at + side_m / 2, at + side_m / 2)]


@pytest.mark.parametrize(
    ("made", "grade"),
    [
        (panel([]), "a"),
        (panel(lines(1.0, 0.05)), "b"),
        (panel(lines(0.3, 0.05)), "b"),
        (panel(lines(1.0, 0.10)), "c"),
        (panel(lines(1.0, 0.20)), "d"),
        (panel(lines(1.0, 0.05), leak=True), "d"),
        (panel(lines(1.0, 0.15), leak=True), "d"),
        (panel(lines(0.5, 0.10, grid=True)), "c"),
        (panel(lines(0.4, 0.10, grid=True)), "d"),
        (panel(lines(0.5, 0.20, grid=True)), "d"),
        (panel(lines(0.5, 0.05, grid=True), leak=True), "e"),
        (panel(lines(0.5, 0.30, grid=True), spalls=spalls()), "e"),
    ],
)
def test_golden_deck_rows_2014(made: DeckPanel, grade: str) -> None:
    assert deck_grade(made, rule=NOW) == grade


@pytest.mark.parametrize(
    ("made", "grade"),
    [
        (panel(lines(1.0, 0.05)), "a"),
        (panel(lines(0.5, 0.10)), "b"),
        (panel(lines(0.5, 0.20, grid=True)), "c"),
        (panel(lines(0.25, 0.30, grid=True)), "d"),
        (panel(lines(0.1, 0.30, grid=True), leak=True), "e"),
    ],
)
def test_golden_deck_rows_2004(made: DeckPanel, grade: str) -> None:
    assert deck_grade(made, rule=OLD) == grade


def test_mainly_means_eighty_percent_of_the_length() -> None:
    four_fine = lines(0.5, 0.10)  # 4 lines of 2 m
    one_wide = (shapely.LineString([(1.9, 0), (1.9, 2)]), 0.15)
    assert deck_grade(panel([*four_fine, one_wide]), rule=NOW) == "c"  # 8 of 10 m: just mainly
    longer = (shapely.LineString([(1.9, 0), (1.9, 2.01)]), 0.15)
    assert deck_grade(panel([*four_fine, longer]), rule=NOW) == "d"


def test_two_directions_need_length_angle_and_crossings() -> None:
    grid = panel(lines(0.5, 0.1, grid=True))
    assert grid.crossings == 16
    assert directions_of(grid, WORDS) is Directions.TWO
    assert directions_of(replace(grid, crossings=2), WORDS) is Directions.ONE
    mostly = panel([*lines(0.2, 0.1), *lines(1.0, 0.1, grid=True)[2:]])
    share = 4.0 / mostly.total_m
    assert share < 0.25
    assert directions_of(mostly, WORDS) is Directions.ONE


@given(st.floats(0, 180))
def test_a_grid_is_a_grid_however_the_bridge_lies(turn_deg: float) -> None:
    angle = np.radians(turn_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = [
        (shapely.transform(c, lambda xy: xy @ turn), w) for c, w in lines(0.5, 0.1, grid=True)
    ]
    assert directions_of(panel(turned, axis_deg=13.0), WORDS) is Directions.TWO


def test_the_grid_size_is_that_of_an_ideal_grid() -> None:
    grid = panel(lines(0.5, 0.1, grid=True))
    assert grid.grid_m == pytest.approx(0.5)
    assert panel(lines(0.5, 0.1)).spacing_m(Directions.ONE) == pytest.approx(0.5)
    assert panel([]).grid_m == float("inf")


def test_a_corner_spall_touches_a_crossing_and_is_large_enough() -> None:
    cracks = lines(0.5, 0.3, grid=True)
    assert panel(cracks, spalls=spalls()).corner_spall
    assert panel(cracks, spalls=spalls(side_m=0.02)).corner_spall  # 4 cm², just enough
    assert not panel(cracks, spalls=spalls(side_m=0.019)).corner_spall
    assert not panel(cracks, spalls=spalls(at=0.5)).corner_spall


def test_lengths_are_ground_lengths_on_a_stretched_map() -> None:
    stretched = panel_of(lines(0.5, 0.1), area_m2=4.0, words=WORDS, scale=0.9996)
    assert stretched.total_m == pytest.approx(8.0 / 0.9996)


def test_a_gap_of_the_table_takes_the_worst_and_says_so() -> None:
    gap = panel(lines(1.0, 0.3))  # wide, one direction, no corner spall: no row
    found = deck_candidate(gap, width_uncertainty_mm=0.0, rule=NOW, subject_id="x")
    assert found.candidates == ("e",)
    assert "not_in_the_table" in [reason.code for reason in found.reasons]
    told = deck_candidate(
        panel(lines(0.5, 0.3, grid=True), spalls=spalls()),
        width_uncertainty_mm=0.0, rule=NOW, subject_id="x",
    )  # fmt: skip
    assert "not_in_the_table" not in [reason.code for reason in told.reasons]


def test_uncertain_widths_give_all_letters_between() -> None:
    made = panel(lines(1.0, 0.10))
    found = deck_candidate(made, width_uncertainty_mm=0.06, rule=NOW, subject_id="B/Ds0101")
    assert found.candidates == ("b", "c", "d")
    assert (found.best, found.borderline, found.record) == ("c", True, "")
    sure = deck_candidate(made, width_uncertainty_mm=0.0, rule=NOW, subject_id="B/Ds0101")
    assert (sure.candidates, sure.record) == (("c",), "⑪床版ひびわれ-c")
    assert sure.needs_review
    assert sure.values["width_max_mm"] == pytest.approx(0.10)


def test_an_intact_panel_is_a_without_reasons() -> None:
    found = deck_candidate(panel([]), width_uncertainty_mm=0.0, rule=NOW, subject_id="x")
    assert (found.candidates, found.record, found.reasons) == (("a",), "", ())


widths = st.lists(st.floats(0.01, 0.5), min_size=1, max_size=6)


@settings(deadline=None)
@given(widths, st.floats(0, 0.3), st.booleans(), st.sampled_from([NOW, OLD]))
def test_wider_cracks_are_never_milder(
    made: list[float], more: float, leak: bool, rule: deckcrack.DeckCrackRule
) -> None:
    def graded(extra: float) -> int:
        n = len(made)
        one = DeckPanel(
            area_m2=4.0, lengths_m=np.full(n, 1.0), widths_mm=np.array(made) + extra,
            angles_deg=np.zeros(n), leak=leak,
        )  # fmt: skip
        return GRADES.index(deck_grade(one, rule=rule))

    assert graded(more) >= graded(0.0)


@settings(deadline=None)
@given(widths, st.booleans(), st.sampled_from([NOW, OLD]))
def test_a_leak_is_never_milder(
    made: list[float], grid: bool, rule: deckcrack.DeckCrackRule
) -> None:
    angles = np.array([90.0 * (i % 2) * grid for i in range(len(made))])
    dry = DeckPanel(
        area_m2=4.0, lengths_m=np.full(len(made), 2.0), widths_mm=np.array(made),
        angles_deg=angles, crossings=9 * grid,
    )  # fmt: skip
    assert deck_grade(replace(dry, leak=True), rule=rule) >= deck_grade(dry, rule=rule)


def test_impossible_panels_are_refused() -> None:
    one = np.ones(1)
    with pytest.raises(BadGeometry, match="area"):
        DeckPanel(area_m2=0, lengths_m=one, widths_mm=one, angles_deg=one)
    with pytest.raises(BadInput, match="shape"):
        DeckPanel(area_m2=1, lengths_m=one, widths_mm=np.ones(2), angles_deg=one)
    with pytest.raises(BadInput, match="length"):
        DeckPanel(area_m2=1, lengths_m=one * 0, widths_mm=one, angles_deg=one)
    with pytest.raises(BadInput, match="uncertainty"):
        deck_candidate(panel([]), width_uncertainty_mm=-1, rule=NOW, subject_id="x")
    with pytest.raises(BadInput, match="ascend"):
        replace(NOW, rows=NOW.rows[::-1])


def test_examples_hold() -> None:
    assert doctest.testmod(deckcrack).failed == 0
