"""Deck panels, crack patterns, lanes, hollows and slants: whole tables, stars, motions, gaps."""

from dataclasses import replace
from itertools import product
from math import cos, inf, nan, pi, radians, sin

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspection.codelists.bridgerules import DECK_2004, load_deck_rule
from inspection.codelists.grades import load_crack_ratio_rule
from inspection.domain.crackpattern import (
    count_crossings,
    crack_pattern,
    crack_shape,
    direction_of,
    second_mode_share,
    segments,
    smallest_spacing_m,
)
from inspection.domain.crackratio import Distress
from inspection.domain.deckcrack import (
    DeckPanel,
    Directions,
    deck_candidate,
    deck_grade,
    directions_of,
    panel_of,
)
from inspection.domain.lanestrip import LaneStrip, aggregate, agreement, sections
from inspection.domain.oblique import incidence_deg, oblique_factor
from inspection.domain.outlineshape import hollow_depth_m, outline_shape
from inspection.errors import BadGeometry, BadInput, Refused
from inspection.geo.places import distinct

LAW = settings(max_examples=40, deadline=None, derandomize=True)
NOW, OLD = load_deck_rule(), load_deck_rule(DECK_2004)
WORDS, MESH = NOW.words, load_crack_ratio_rule()


# §1.5.2: both tables whole, for panels of one width
def panel(grid: bool, width: float, spacing: float, leak: bool, spall: bool) -> DeckPanel:
    """Give a panel of 100 m² whose cracks have one width and a mean spacing."""
    total = 100.0 * (2 if grid else 1) / spacing
    share = np.array([0.5, 0.5]) if grid else np.array([1 - 1e-13, 1e-13])
    return DeckPanel(
        area_m2=100.0, lengths_m=total * share, widths_mm=np.full(2, width),
        angles_deg=np.array([5.0, 95.0]), crossings=9 if grid else 0, leak=leak, corner_spall=spall,
    )  # fmt: skip


def by_hand_2014(grid: bool, width: float, spacing: float, leak: bool) -> str:
    if grid:
        if leak:
            return "e"
        return (
            "c"
            if width <= 0.1 and spacing >= 0.5
            else "d"
            if width <= 0.2 and spacing >= 0.2
            else "e"
        )
    if leak:
        return "d" if width <= 0.2 else "e"
    return "b" if width <= 0.05 else "c" if width <= 0.1 else "d" if width <= 0.2 else "e"


def by_hand_2004(grid: bool, width: float, spacing: float, leak: bool) -> str:
    if leak:
        return "e"
    if not grid and width <= 0.05 and spacing >= 1:
        return "a"
    if not grid and width <= 0.1 and spacing >= 0.5:
        return "b"
    return "c" if width <= 0.2 and spacing >= 0.4 else "d" if spacing >= 0.2 else "e"


WIDTHS = (0.04, 0.05, 0.051, 0.1, 0.101, 0.2, 0.201, 0.6)
SPACINGS = (0.15, 0.2, 0.39, 0.4, 0.49, 0.5, 0.99, 1.0, 2.0)


@pytest.mark.parametrize(("grid", "width", "spacing"), [*product([False, True], WIDTHS, SPACINGS)])
def test_golden_both_deck_tables_whole(grid: bool, width: float, spacing: float) -> None:
    for leak, spall in product([False, True], repeat=2):
        made = panel(grid, width, spacing, leak, spall)
        assert made.spacing_m(directions_of(made, WORDS)) == pytest.approx(spacing)
        assert deck_grade(made, rule=NOW) == by_hand_2014(grid, width, spacing, leak)
        assert deck_grade(made, rule=OLD) == by_hand_2004(grid, width, spacing, leak)


@pytest.mark.parametrize(("thin", "grade"), [(0.80, "c"), (0.799, "d"), (0.0, "d"), (1.0, "c")])
def test_golden_mainly_is_eighty_percent_of_the_length(thin: float, grade: str) -> None:
    made = DeckPanel(
        area_m2=10.0, lengths_m=np.array([max(thin, 1e-9), max(1 - thin, 1e-9)]),
        widths_mm=np.array([0.1, 0.2]), angles_deg=np.zeros(2),
    )  # fmt: skip
    assert deck_grade(made, rule=NOW) == grade


@LAW
@given(st.floats(0.01, 0.4), st.floats(0, 0.2), st.booleans(), st.floats(0.15, 1.5))
def test_an_uncertain_width_lists_the_letter_of_every_width_within_reach(
    width: float, u_mm: float, grid: bool, spacing: float
) -> None:
    made = panel(grid, width, spacing, False, False)
    found = deck_candidate(made, width_uncertainty_mm=u_mm, rule=NOW, subject_id="Ds0101")
    assert found.best in found.candidates
    assert found.borderline == (len(found.candidates) > 1) == (found.record == "")
    for other in np.linspace(max(0.0, width - u_mm), width + u_mm, 7):
        letter = deck_grade(replace(made, widths_mm=np.full(2, other)), rule=NOW)
        assert letter in found.candidates
    with pytest.raises(BadInput, match="uncertainty of widths"):
        deck_candidate(made, width_uncertainty_mm=nan, rule=NOW, subject_id="x")


@pytest.mark.parametrize(
    "change",
    [{"lengths_m": np.array([nan, 1.0])}, {"lengths_m": np.array([inf, 1.0])},
     {"lengths_m": np.array([0.0, 1.0])}, {"widths_mm": np.array([-0.1, 1.0])},
     {"widths_mm": np.array([nan, 1.0])}, {"angles_deg": np.array([nan, 1.0])},
     {"angles_deg": np.zeros(3)}, {"area_m2": 0.0}, {"area_m2": nan}, {"area_m2": inf}],
)  # fmt: skip
def test_a_panel_of_impossible_numbers_is_refused(change: dict[str, object]) -> None:
    with pytest.raises((BadInput, BadGeometry), match=r"crack|panel|shape"):
        replace(panel(False, 0.1, 1.0, False, False), **change)  # type: ignore[arg-type]


# crossings: places, not pairs
def star(arms: int, seed: int) -> list[shapely.LineString]:
    random = np.random.default_rng(seed)
    centre = random.uniform(0, 1, 2)
    ways = (np.arange(arms) + random.uniform(0.1, 0.9, arms)) * pi / arms
    return [
        shapely.LineString(
            [centre - random.uniform(0.1, 1) * d, centre + random.uniform(0.1, 1) * d]
        )
        for d in np.column_stack([np.cos(ways), np.sin(ways)])
    ]


@LAW
@given(st.integers(2, 6), st.integers(0, 10_000))
def test_cracks_that_meet_in_one_point_cross_once(arms: int, seed: int) -> None:
    # three cracks through a point are no grid: counted by pairs they would be one
    lines = star(arms, seed)
    made = panel_of([(line, 0.05) for line in lines], area_m2=4.0, words=WORDS)
    assert made.crossings == 1
    assert directions_of(made, WORDS) is Directions.ONE
    assert deck_grade(made, rule=NOW) == "b"
    assert count_crossings([shapely.get_coordinates(line) for line in lines]) == 1
    hole = shapely.intersection(lines[0], lines[1]).buffer(0.02)
    spalled = panel_of([(x, 0.05) for x in lines], area_m2=4.0, words=WORDS, spalls=[hole])
    assert spalled.corner_spall


@LAW
@given(st.integers(1, 4), st.integers(1, 4), st.floats(0, 180), st.floats(-1e5, 1e5), st.booleans())
def test_a_grid_crosses_at_each_node_wherever_it_lies(
    across: int, along: int, turn: float, shift: float, mirror: bool
) -> None:
    drawn = [shapely.LineString([(x + 0.5, -1), (x + 0.5, 5)]) for x in range(across)]
    drawn += [shapely.LineString([(-1, y + 0.5), (5, y + 0.5)]) for y in range(along)]
    moved = [
        shapely.affinity.translate(
            shapely.affinity.scale(
                shapely.affinity.rotate(line, turn, origin=(0, 0)), xfact=-1 if mirror else 1,
                origin=(0, 0),
            ), shift, -shift,
        )
        for line in drawn
    ]  # fmt: skip
    arrays = [shapely.get_coordinates(line) for line in moved]
    pattern = crack_pattern(arrays, area_m2=36.0)
    assert pattern.crossings == across * along
    assert pattern.length_m == pytest.approx(6 * (across + along))
    assert pattern.directions == (
        2 if across * along >= 3 and min(across, along) * 3 >= max(across, along) else 1
    )
    assert pattern.spacing_min_m == pytest.approx(1.0 if max(across, along) > 1 else inf, rel=1e-6)
    cells = (across - 1) * (along - 1)
    assert (pattern.cell_side_median_m is None) == (cells == 0)
    if cells:
        assert pattern.cell_side_median_m == pytest.approx(1.0, rel=1e-5)
    assert second_mode_share(arrays) == pytest.approx(
        min(across, along) / (across + along), abs=1e-6
    )


@LAW
@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5)), max_size=15), st.floats(0.001, 1))
def test_distinct_places_lie_apart_and_cover_all_points(
    points: list[tuple[float, float]], reach: float
) -> None:
    found = distinct(points, reach)
    assert len(found) <= len(points)
    assert len(distinct([*points, *points], reach)) == len(found)
    if points:
        gaps = np.hypot(*(np.array(points)[:, None] - found[None]).transpose(2, 0, 1))
        assert gaps.min(axis=1).max() <= reach * len(points)


@pytest.mark.parametrize(
    ("angle", "axis", "name"),
    [(20, 0, "longitudinal"), (20.01, 0, "diagonal"), (69.99, 0, "diagonal"), (70, 0, "transverse"),
     (110, 0, "transverse"), (110.01, 0, "diagonal"), (160, 0, "longitudinal"),
     (5, 170, "longitudinal"),
     (0, 90, "transverse"), (-170, 10, "longitudinal"), (350, 0, "longitudinal")],
)  # fmt: skip
def test_golden_directions_to_the_axis(angle: float, axis: float, name: str) -> None:
    assert direction_of(angle, axis).value == name


@LAW
@given(
    st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=2, max_size=8, unique=True),
    st.floats(0, 360), st.floats(0.1, 2),
)  # fmt: skip
def test_a_shape_turns_with_its_crack_and_its_stretches_make_it_up(
    points: list[tuple[float, float]], turn: float, segment_m: float
) -> None:
    line = np.array(points)
    angle = radians(turn)
    turned = line @ np.array([[cos(angle), sin(angle)], [-sin(angle), cos(angle)]])
    one, two = crack_shape([line]), crack_shape([turned[::-1]], member_axis_deg=turn)
    assert two.length_m == pytest.approx(one.length_m)
    assert two.tortuosity == pytest.approx(one.tortuosity, rel=1e-6)
    assert one.tortuosity >= 1 - 1e-9
    parts = segments(line, segment_m=segment_m)
    assert sum(part.length_m for part in parts) == pytest.approx(one.length_m)
    assert all(part.tortuosity >= 1 - 1e-9 for part in parts)
    assert smallest_spacing_m([line]) == inf


# lanes §2.2
@pytest.mark.parametrize(
    ("centre", "says"),
    [([[0, 0]], "n ≥ 2"), ([[0, 0], [nan, 1]], "numbers"), ([[0, 0], [inf, 1]], "numbers"),
     ([[0, 0], [0, 0]], "length and a width"), ([[0, 0, 0], [1, 1, 1]], "shape")],
)  # fmt: skip
def test_a_centre_line_that_leads_nowhere_is_refused(centre: list[list[float]], says: str) -> None:
    with pytest.raises(BadGeometry, match=says):
        LaneStrip(centre_m=np.array(centre, float), width_m=3.0)


BEND = np.array([[0.0, 0.0], [40.0, 0.0], [80.0, 10.0], [115.0, 40.0]])


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.floats(0, 360), st.floats(-1e5, 1e5), st.sampled_from([10.0, 20.0, 50.0, 100.0]))
def test_sections_are_the_same_wherever_the_road_lies(
    turn: float, shift: float, section_m: float
) -> None:
    def placed(shape: shapely.Geometry) -> shapely.Geometry:
        return shapely.affinity.translate(
            shapely.affinity.rotate(shape, turn, origin=(0, 0)), shift, shift
        )

    road = shapely.LineString(BEND)
    cracks = [shapely.LineString([(2, 0.7), (38, 0.7)]), shapely.LineString([(45, 0), (45, 2.5)])]
    patches = [shapely.box(10, -1.4, 14, -0.6)]
    here = LaneStrip(centre_m=BEND, width_m=3.0)
    there = LaneStrip(centre_m=shapely.get_coordinates(placed(road)), width_m=3.0)
    one = sections(here, Distress(cracks=cracks, patches=patches), rule=MESH, section_m=section_m)
    two = sections(
        there, Distress(cracks=[placed(c) for c in cracks], patches=[placed(p) for p in patches]),
        rule=MESH, section_m=section_m,
    )  # fmt: skip
    assert [s.start_m for s in one] == pytest.approx([s.start_m for s in two])
    assert one[-1].end_m == pytest.approx(here.length_m)
    assert one[0].crack_ratio_percent == pytest.approx(two[0].crack_ratio_percent, abs=0.3)
    whole = aggregate(one, rule=MESH, section_m=100.0)
    mean = sum(s.crack_ratio_percent * (s.end_m - s.start_m) for s in one) / here.length_m
    assert sum(
        s.crack_ratio_percent * (s.end_m - s.start_m) for s in whole
    ) / here.length_m == pytest.approx(mean)
    assert all(0 <= s.crack_ratio_percent <= 100 for s in one)


@LAW
@given(
    st.lists(st.tuples(st.sampled_from(["I", "II", "III"]), st.sampled_from(["I", "II", "III"])))
)
def test_rates_of_agreement_are_recall_and_precision(pairs: list[tuple[str, str]]) -> None:
    found, truth = [f for f, _ in pairs], [t for _, t in pairs]
    rows = agreement(found, truth)
    assert sum(row.true for row in rows) == sum(row.extracted for row in rows) == len(pairs)
    assert sum(row.correct for row in rows) == sum(f == t for f, t in pairs)
    for row, back in zip(rows, agreement(truth, found), strict=True):
        assert row.detection_rate == back.hit_rate
        assert (row.detection_rate is None) == (row.true == 0)


# slants §4.2 and hollows
@pytest.mark.parametrize(
    ("tilt", "across", "factor"),
    [(0, 37, 1), (20, 0, 1 / cos(radians(20))), (45, 0, 2**0.5), (45, 90, 1), (30, 180, 2 / 3**0.5),
     (45, 45, 1 / (0.5 * 0.5 + 0.5) ** 0.5)],
)  # fmt: skip
def test_golden_factors_of_a_slant(tilt: float, across: float, factor: float) -> None:
    assert oblique_factor(tilt, across) == pytest.approx(factor)
    assert oblique_factor(tilt, -across) == oblique_factor(tilt, across)


@pytest.mark.parametrize(
    ("ray", "normal"),
    [((0, 0, 0), (0, 0, 1)), ((0, 0, 1), (0, 0, 0)), ((nan, 0, 1), (0, 0, 1)),
     ((0, 0, 1), (inf, 0, 0))],
)  # fmt: skip
def test_a_line_of_sight_that_is_none_is_never_square_on(
    ray: tuple[float, float, float], normal: tuple[float, float, float]
) -> None:
    with pytest.raises(Refused, match="length above 0"):
        incidence_deg(ray, normal)
    for tilt, across in ((45.01, 0.0), (-1.0, 0.0), (nan, 0.0), (10.0, nan)):
        with pytest.raises(Refused, match=r"square from|square on|direction of a crack"):
            oblique_factor(tilt, across)


def hollow(depth_m: float, gaps: float) -> NDArray[np.float64]:
    random = np.random.default_rng(4)
    xy = random.uniform(-0.8, 0.8, (5000, 2))
    z = 0.03 * xy[:, 0] - depth_m * (np.hypot(*xy.T) < 0.3) + random.normal(0, 0.001, len(xy))
    z[random.random(len(z)) < gaps] = nan
    return np.column_stack([xy, z])


@pytest.mark.parametrize("gaps", [0.0, 0.3, 0.7])
def test_gaps_of_a_surface_model_cost_points_and_not_the_depth(gaps: float) -> None:
    disc = shapely.Point(0, 0).buffer(0.3)
    found = hollow_depth_m(disc, hollow(0.05, gaps))
    assert found.value == pytest.approx(0.05, abs=0.002)
    with pytest.raises(BadInput, match="0 heights inside and 0 around"):
        hollow_depth_m(disc, hollow(0.05, 1.0))
    assert outline_shape(disc).area_m2 == pytest.approx(pi * 0.09, rel=0.01)
