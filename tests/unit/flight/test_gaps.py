"""What a flight missed, and the second flight that is planned for it."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.came import Came
from flight.coverage import plan_coverage
from flight.flightplan import FlightPlan, Trigger
from flight.gapdrawing import draw
from flight.gapfile import gaps_document
from flight.gapmap import blocks, corners_m, panels
from flight.gaps import Gaps, Seen, find_gaps, missing_photos
from flight.refly import plan_refly
from inspection.errors import BadInput
from tests.support.flightplans import CAMERA, nadir_photo
from tests.support.gapscene import COUNT, as_came, deck_plan, flown, wall_plan


@pytest.mark.parametrize("make", [deck_plan, wall_plan])
def test_what_came_as_planned_leaves_no_gap_that_the_plan_had_not(make: Any) -> None:
    plan = make()
    gaps = find_gaps(plan, flown(plan), count=COUNT)
    assert gaps.good_share == pytest.approx(plan_coverage(plan, count=COUNT).good_share)
    assert gaps.good_share > 0.97
    assert gaps.missing == ()


@given(st.sets(st.integers(0, 15)))
@settings(max_examples=20, deadline=None)
def test_the_second_flight_closes_what_the_first_left(keep: set[int]) -> None:
    """Whatever is lost, first and second flight together see as much as the plan."""
    plan = deck_plan()
    first = as_came(plan, keep)
    gaps = find_gaps(plan, first, count=COUNT)
    assert set(gaps.missing) == set(range(16)) - keep
    refly = plan_refly(plan, gaps)
    second = Came(photos=()) if refly.plan is None else flown(refly.plan)
    both = find_gaps(plan, Came(photos=first.photos + second.photos), count=COUNT)
    assert both.good_share >= plan_coverage(plan, count=COUNT).good_share - 1e-9
    assert refly.again + refly.new <= 16 - len(keep) + 8


@given(st.integers(0, 15))
@settings(max_examples=16, deadline=None)
def test_more_photos_never_make_more_gaps(lost: int) -> None:
    plan = deck_plan()
    all_but = find_gaps(plan, as_came(plan, set(range(16)) - {lost}), count=COUNT)
    every = find_gaps(plan, flown(plan), count=COUNT)
    assert (every.good >= all_but.good).all() and (every.seen >= all_but.seen).all()


def test_one_lost_photo_is_taken_again_and_no_other() -> None:
    plan = wall_plan()
    lost = 12  # in the middle of the middle row
    gaps = find_gaps(plan, as_came(plan, set(range(24)) - {lost}), count=20_000)
    assert gaps.missing == (lost,)
    refly = plan_refly(plan, gaps)
    assert refly.plan is not None
    assert refly.new == 0 or refly.again + refly.new <= 2
    positions = [photo.position_m.tolist() for photo in refly.plan.photos]
    assert plan.photos[lost].position_m.tolist() in positions
    assert refly.plan.trigger is Trigger.STOP
    assert [photo.index for photo in refly.plan.photos] == list(range(len(positions)))


def test_a_photo_from_too_far_is_too_coarse() -> None:
    """From 20 m instead of 10 m the deck is seen, but at 5 mm/px instead of 2.5."""
    plan = deck_plan()
    high = replace(
        plan,
        photos=tuple(
            nadir_photo(p.index, p.position_m[0], p.position_m[1], height_m=20.0)
            for p in plan.photos
        ),
    )
    gaps = find_gaps(plan, flown(high), count=COUNT)
    assert gaps.good_share == 0.0
    assert set(gaps.kind()) == {Seen.COARSE}
    assert np.median(gaps.best_gsd_m_per_px) == pytest.approx(0.005, rel=0.02)


def test_a_photo_of_another_lens_is_judged_by_its_own() -> None:
    plan = deck_plan()
    wide = replace(CAMERA, focal_px=CAMERA.focal_px / 2)
    came = Came(photos=tuple(replace(shot, camera=wide) for shot in flown(plan).photos))
    assert find_gaps(plan, came, count=COUNT).good_share == 0.0


def test_elements_are_summed_up_in_square_metres() -> None:
    plan = wall_plan()
    upper = set(range(8))
    (pier,) = find_gaps(plan, as_came(plan, upper), count=COUNT).by_element()
    assert pier.element == "pier" and pier.area_m2 == pytest.approx(160.0)
    parts = pier.good_m2 + pier.few_m2 + pier.coarse_m2 + pier.unseen_m2
    assert parts == pytest.approx(pier.area_m2)
    # photos of 3 m height around 6.5 m see 5–8 m, but at the rim flatter than 20° nothing counts
    assert pier.unseen_m2 == pytest.approx(20 * 5.0, rel=0.05)


def test_views_that_are_wanted_twice_are_counted() -> None:
    plan = deck_plan(views=2)
    gaps = find_gaps(plan, as_came(plan, set(range(8))), count=COUNT)
    assert Seen.FEW in set(gaps.kind())
    twice = plan_refly(plan, gaps)
    assert twice.plan is not None


def test_nothing_came_means_all_again() -> None:
    plan = deck_plan()
    gaps = find_gaps(plan, Came(photos=()), count=COUNT)
    assert gaps.good_share == 0.0 and len(gaps.missing) == 16
    refly = plan_refly(plan, gaps)
    assert refly.plan is not None and 8 <= refly.again <= 16


def test_a_finer_wish_comes_closer_but_never_closer_than_is_safe() -> None:
    plan = deck_plan()
    gaps = find_gaps(plan, as_came(plan, set(range(12))), count=COUNT)
    finer = plan_refly(plan, gaps, gsd_m_per_px=0.00125)
    assert finer.plan is not None and finer.again == 0
    heights = {round(float(photo.position_m[2]), 6) for photo in finer.plan.photos}
    assert heights == {5.0}
    too_close = plan_refly(plan, gaps, gsd_m_per_px=0.0004)  # 1.6 m
    assert too_close.plan is None
    assert too_close.left_m2 == pytest.approx(float(gaps.samples.weight_m2[gaps.open].sum()))


def test_no_gap_needs_no_flight() -> None:
    plan = deck_plan()
    gaps = find_gaps(plan, flown(plan), count=COUNT)
    whole = replace(gaps, good=np.full(len(gaps.good), 9), seen=np.full(len(gaps.seen), 9))
    assert plan_refly(plan, whole).plan is None


def test_new_photos_of_a_face_stay_above_the_lowest_planned_one() -> None:
    """Of the wall only the upper row was planned; the foot would need photos lower than it."""
    plan = wall_plan()
    upper = replace(plan, photos=plan.photos[:8])
    gaps = find_gaps(upper, flown(upper), count=COUNT)
    refly = plan_refly(upper, gaps)
    assert refly.left_m2 > 80
    low = [] if refly.plan is None else [p for p in refly.plan.photos if p.position_m[2] < 6.49]
    assert not low


def test_photos_denser_than_the_receiver_are_told_apart_one_by_one() -> None:
    """Photos 0.5 m apart, three lost, every place off by a decimetre: three are missing."""
    plan = deck_plan(photos=tuple(nadir_photo(n, 0.5 * n, 5.0) for n in range(30)))
    random = np.random.default_rng(4)
    came = as_came(plan, set(range(30)) - {0, 11, 12})
    noisy = [
        replace(shot, position_m=shot.position_m + random.normal(0, 0.1, 3)) for shot in came.photos
    ]
    assert missing_photos(plan, noisy) == (0, 11, 12)


def test_a_photo_that_looks_elsewhere_is_not_the_planned_one() -> None:
    plan = wall_plan()
    shots = list(flown(plan).photos)
    shots[3] = replace(shots[3], yaw_deg=90.0)
    shots[5] = replace(shots[5], position_m=shots[5].position_m + np.array([0, 0, 3.0]))
    assert missing_photos(plan, shots) == (3, 5)


def test_a_plan_without_surface_cannot_be_compared() -> None:
    bare = deck_plan(surface_m=np.empty((0, 3, 3)), surface_elements=())
    with pytest.raises(BadInput, match="has no surface"):
        find_gaps(bare, Came(photos=()))


def half_wall() -> tuple[FlightPlan, Gaps]:
    """Fly the upper row of the wall only."""
    plan = wall_plan()
    return plan, find_gaps(plan, as_came(plan, set(range(8))), count=20_000)


def test_the_map_shows_each_kind_where_it_is() -> None:
    _, gaps = half_wall()
    (panel,) = panels(gaps)
    assert (panel.element, panel.side) == ("pier", "180°")
    assert panel.right.tolist() == pytest.approx([1, 0, 0]) and panel.up.tolist() == [0, 0, 1]
    rows, columns = panel.kinds.shape
    assert rows * panel.cell_m == pytest.approx(8.0, abs=2 * panel.cell_m)
    assert columns * panel.cell_m == pytest.approx(20.0, abs=2 * panel.cell_m)
    low, high = panel.kinds[2, columns // 2], panel.kinds[int(6.5 / panel.cell_m), columns // 2]
    assert (low, high) == (Seen.UNSEEN, Seen.GOOD)
    drawn = sum((b.behind - b.first) * panel.cell_m**2 for b in blocks(panel))
    assert drawn == pytest.approx(160.0, rel=0.05)
    corner = corners_m(panel, next(iter(blocks(panel))))
    assert corner[:, 1] == pytest.approx([10.0] * 4)


def test_a_deck_is_drawn_from_above_with_north_up() -> None:
    plan = deck_plan()
    (panel,) = panels(find_gaps(plan, as_came(plan, {0}), count=COUNT))
    assert panel.side == "up"
    south_west, north_east = panel.kinds[2, 2], panel.kinds[-3, -3]
    assert (south_west, north_east) == (Seen.GOOD, Seen.UNSEEN)


def test_gaps_are_written_with_place_and_reason() -> None:
    plan, gaps = half_wall()
    document = json.loads(json.dumps(gaps_document(plan, panels(gaps))))
    unseen = [f for f in document["features"] if f["properties"]["reason"] == "unseen"]
    area = sum(feature["properties"]["area_m2"] for feature in unseen)
    assert area == pytest.approx(100.0, rel=0.08)
    assert {f["properties"]["element"] for f in unseen} == {"pier"}
    assert all(f["properties"]["gsd_needed_mm_per_px"] == 1.0 for f in unseen)
    ring = np.array(unseen[0]["geometry"]["coordinates"][0])
    local = plan.frame.to_enu_m(ring)
    assert local[:, 1] == pytest.approx([10.0] * 5, abs=0.01) and local[:, 2].max() < 6
    assert not any(f["properties"]["reason"] == "good" for f in document["features"])


def test_the_drawing_is_an_svg_with_its_figures() -> None:
    plan, gaps = half_wall()
    text = draw(gaps, panels(gaps), title="Pier <3>")
    assert text.startswith("<svg") and text.rstrip().endswith("</svg>")
    assert f"Pier &lt;3&gt;: {100 * gaps.good_share:.1f} % as planned" in text
    assert "pier · 180°" in text and "not seen" in text
    assert plan.name
