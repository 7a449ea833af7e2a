"""Capability: the golden numbers of domain.md §6.2, and a plain no with a way out."""

import doctest
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight import capability as capability_module
from flight import optics, purpose
from flight.capability import Capture, capability, safe_standoff_m
from flight.flightplan import Trigger
from flight.lens import find_lens, fixed_lenses
from flight.optics import depth_of_field_m, f_number_for_depth, turning_limit_deg_s
from flight.purpose import (
    find_purpose,
    gsd_for_width_m_per_px,
    load_purposes,
    purpose_for,
)
from inspection.errors import BadInput, NotFound, Refused

RC = find_purpose("crack_rc")


@pytest.mark.parametrize("module", [capability_module, optics, purpose])
def test_doctests_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("camera", "gsd_mm", "standoff_m"),
    [
        ("dji_p1@50", 0.264, 3.0),
        ("dji_p1@50", 0.2, 2.27),
        ("dji_m3e_wide", 1.343, 5.0),
        ("dji_m3e_tele", 0.268, 5.0),
    ],
)
def test_golden_standoffs_of_the_domain_specification(
    camera: str, gsd_mm: float, standoff_m: float
) -> None:
    found = capability(
        find_lens(camera),
        gsd_m_per_px=gsd_mm / 1000,
        purpose=purpose_for(gsd_mm / 1000, of_ground=True),
    )
    assert found.standoff_m == pytest.approx(standoff_m, rel=0.003)


@pytest.mark.parametrize(
    ("gsd_mm", "speed_m_s", "trigger"), [(0.3, 0.15, Trigger.STOP), (1.0, 0.5, Trigger.DISTANCE)]
)
def test_golden_speed_limits_say_stop_and_shoot_for_cracks(
    gsd_mm: float, speed_m_s: float, trigger: Trigger
) -> None:
    found = capability(
        find_lens("dji_p1@50"),
        gsd_m_per_px=gsd_mm / 1000,
        purpose=purpose_for(gsd_mm / 1000, of_ground=True),
    )
    assert found.speed_limit_m_s == pytest.approx(speed_m_s)
    assert found.trigger is trigger


@pytest.mark.parametrize(
    ("width_mm", "precision", "gsd_mm"),
    [
        (0.1, "screening", 0.30),
        (0.1, "standard", 0.10),
        (0.1, "precise", 0.05),
        (0.2, "screening", 0.60),
        (0.2, "standard", 0.20),
        (0.3, "precise", 0.15),
        (1.0, "screening", 3.0),
        (1.0, "precise", 0.5),
    ],
)
def test_golden_gsd_of_crack_widths(width_mm: float, precision: str, gsd_mm: float) -> None:
    assert gsd_for_width_m_per_px(width_mm, precision) * 1000 == pytest.approx(gsd_mm)


def test_a_crack_of_a_fifth_of_a_millimetre_with_the_p1_at_50_mm() -> None:
    found = capability(find_lens("dji_p1@50"), gsd_m_per_px=0.0002, purpose=RC)
    assert found.footprint_m == pytest.approx((8192 * 0.0002, 5460 * 0.0002))
    assert (found.overlap_front, found.overlap_side, found.incidence_limit_deg) == (0.6, 0.4, 10)
    assert found.smallest_width_mm == pytest.approx(0.066)
    near_m, far_m = found.depth_of_field_m
    assert near_m < found.standoff_m < far_m
    assert any("focus at every photo" in note for note in found.notes)


def test_a_wish_too_close_is_refused_with_what_would_make_it_possible() -> None:
    with pytest.raises(Refused) as caught:
        capability(find_lens("dji_p1@24"), gsd_m_per_px=0.0002, purpose=RC)
    words = str(caught.value)
    for part in ("1.09 m", "2 m that is safe", "0.37 mm/px", "44 mm", "dji_p1@50", "dji_m3e_tele"):
        assert part in words
    assert "dji_p1@35" not in words  # 1.59 m is too close as well


def test_when_no_camera_of_the_table_can_it_says_so() -> None:
    with pytest.raises(Refused, match="no camera of the table can"):
        capability(
            find_lens("dji_m3e_wide"), gsd_m_per_px=0.00005, purpose=find_purpose("crack_pc")
        )


def test_the_lens_that_the_refusal_asks_for_is_enough_and_hardly_more() -> None:
    lens = find_lens("sony_a7r@44")
    with pytest.raises(Refused, match=r"at least 56.4 mm") as caught:
        capability(lens, gsd_m_per_px=0.0002, purpose=RC, capture=Capture(obstacle_sensing=False))
    assert "sony" not in str(caught.value).partition("or one of")[2]
    wider = Capture(obstacle_sensing=False)
    assert capability(
        find_lens("sony_a7r@56.4"), gsd_m_per_px=0.0002, purpose=RC, capture=wider
    ).standoff_m == pytest.approx(3.0, abs=0.01)
    with pytest.raises(Refused):
        capability(find_lens("sony_a7r@56.3"), gsd_m_per_px=0.0002, purpose=RC, capture=wider)


@pytest.mark.parametrize(
    ("sensing", "wind", "least"), [(True, 3, 2), (True, 3.1, 3), (False, 0, 3), (False, 5, 4)]
)
def test_golden_safety_standoffs(sensing: bool, wind: float, least: float) -> None:
    assert safe_standoff_m(obstacle_sensing=sensing, wind_m_s=wind) == least


def test_overlaps_below_what_a_purpose_needs_are_refused() -> None:
    lens = find_lens("dji_p1@50")
    assert capability(lens, gsd_m_per_px=0.0002, purpose=RC, overlap_front=0.3).overlap_front == 0.3
    with pytest.raises(BadInput, match=r"29% is too small.*at least 30%"):
        capability(lens, gsd_m_per_px=0.0002, purpose=RC, overlap_front=0.29)
    with pytest.raises(BadInput, match=r"75 % is 0.75"):
        capability(lens, gsd_m_per_px=0.0002, purpose=RC, overlap_side=75)


def test_a_shorter_exposure_lets_the_drone_fly_on() -> None:
    lens, mapping = find_lens("dji_p1@50"), find_purpose("surface")
    slow = capability(lens, gsd_m_per_px=0.0008, purpose=mapping)
    quick = capability(
        lens, gsd_m_per_px=0.0008, purpose=mapping, capture=Capture(exposure_s=1 / 2000)
    )
    assert (slow.trigger, quick.trigger) == (Trigger.STOP, Trigger.DISTANCE)
    assert any("shorter exposure" in note for note in slow.notes)


def test_the_camera_must_be_ready_for_the_next_photo() -> None:
    lens = find_lens("dji_m3e_wide")
    limits = [
        capability(
            lens,
            gsd_m_per_px=0.005,
            purpose=find_purpose("model"),
            capture=Capture(exposure_s=1 / 8000, interval_s=seconds),
        ).speed_limit_m_s
        for seconds in (0.7, 2.0)
    ]
    step_m = 3956 * 0.005 * 0.2
    assert limits == pytest.approx([step_m / 0.7, step_m / 2.0])


@pytest.mark.parametrize(
    ("gsd_m", "reason"), [(0.0, "outside 0.01–500"), (0.6, "outside"), (float("nan"), "outside")]
)
def test_gsd_that_makes_no_sense(gsd_m: float, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        capability(find_lens("dji_p1@50"), gsd_m_per_px=gsd_m, purpose=RC)


def test_a_standoff_beyond_half_a_kilometre_is_no_inspection() -> None:
    with pytest.raises(BadInput, match="farther than 500 m"):
        capability(find_lens("dji_p1@50"), gsd_m_per_px=0.1, purpose=find_purpose("model"))


@pytest.mark.parametrize(
    "changes",
    [{"exposure_s": 0}, {"exposure_s": 2}, {"blur_px": 1.1}, {"blur_px": 0}, {"f_number": 0}],
)
def test_captures_that_make_no_sense(changes: dict[str, float]) -> None:
    with pytest.raises(BadInput):
        Capture(**changes)  # type: ignore[arg-type]


@given(distance_m=st.floats(0.5, 60), f_number=st.floats(1.4, 22))
def test_depth_of_field_holds_the_distance_and_both_formulas(
    distance_m: float, f_number: float
) -> None:
    lens = find_lens("dji_p1@50")
    near_m, far_m = depth_of_field_m(lens, distance_m, f_number)
    assert near_m < distance_m < far_m
    hyperfocal_m = 0.05**2 / (f_number * 4.4e-6) + 0.05
    # the harmonic mean of near and far is the distance
    inverse = 1 / near_m + (0 if math.isinf(far_m) else 1 / far_m)
    if distance_m < hyperfocal_m:
        assert inverse == pytest.approx(2 / distance_m)


def test_the_f_number_for_a_depth_gives_it() -> None:
    lens = find_lens("dji_m3e_tele")
    near_m, far_m = depth_of_field_m(lens, 5.0, f_number_for_depth(lens, 5.0, 0.1))
    assert near_m == pytest.approx(4.5)
    assert far_m > 5.5
    with pytest.raises(BadInput):
        depth_of_field_m(lens, 5.0, 0)


def test_turning_by_half_a_pixel_in_the_exposure() -> None:
    lens = find_lens("dji_p1@50")
    rate = turning_limit_deg_s(lens, 1 / 1000, 0.5)
    assert math.radians(rate) * 0.001 * lens.camera.focal_px == pytest.approx(0.5)


def test_purposes_carry_the_recommended_capture() -> None:
    table = {row.code: row for row in load_purposes()}
    assert (table["model"].front, table["model"].side) == (0.8, 0.7)
    assert (table["surface"].front, table["surface"].side) == (0.8, 0.6)
    assert (table["crack_rc"].front, table["crack_rc"].side, table["crack_rc"].least) == (
        0.6,
        0.4,
        0.3,
    )
    assert (table["pavement"].front, table["pavement"].side) == (0.75, 0.6)
    assert table["crack_rc"].incidence_deg == 10
    assert table["crack_pc"].incidence_deg == 5
    assert not table["crack_rc"].continuous
    assert not table["crack_pc"].continuous
    for row in table.values():
        inside = math.floor(1 / (1 - row.front) + 1e-9) * math.floor(1 / (1 - row.side) + 1e-9)
        assert 1 <= row.views <= inside


def test_unknown_purposes_and_precisions_are_named() -> None:
    with pytest.raises(NotFound, match="crack_rc"):
        find_purpose("kracks")
    with pytest.raises(BadInput, match="screening, standard, precise"):
        gsd_for_width_m_per_px(0.2, "exact")
    with pytest.raises(BadInput, match=r"0.01–50 mm"):
        gsd_for_width_m_per_px(0)


def test_every_lens_of_the_table_is_found_by_its_own_name() -> None:
    for lens in fixed_lenses():
        assert find_lens(lens.name).camera == lens.camera
