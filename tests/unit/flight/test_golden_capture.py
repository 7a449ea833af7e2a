"""Golden figures of the domain specification for capture: §4.7 (GSD), §6.2 (formulas), §6.3 (use).

The tables are worked out by hand here, with pitch and focal length as the data sheets say them, so
that the truth does not come from the code under test.
"""

import itertools
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.area import distance_for_gsd_m, spacing_m, speed_limit_m_per_s, spread_m
from flight.capability import (
    LARGEST_STANDOFF_M,
    STOP_SPEED_M_S,
    Capability,
    Capture,
    capability,
    safe_standoff_m,
)
from flight.flightplan import Trigger
from flight.lens import Lens, find_lens, fixed_lenses
from flight.optics import depth_of_field_m, f_number_for_depth, turning_limit_deg_s
from flight.planning_words import capability_document, say_capability
from flight.purpose import (
    PRECISION_FACTORS,
    find_purpose,
    gsd_for_width_m_per_px,
    load_purposes,
    purpose_for,
)
from inspection.errors import BadInput, NotFound, Refused
from tests.support.flightcommand import fly

# camera@focal: pitch µm, focal mm, columns, rows (domain §6.2, default camera table)
LENSES = {
    "dji_p1@24": (4.4, 24.0, 8192, 5460),
    "dji_p1@35": (4.4, 35.0, 8192, 5460),
    "dji_p1@50": (4.4, 50.0, 8192, 5460),
    "dji_m3e_wide": (3.3, 12.29, 5280, 3956),
    "dji_m3e_tele": (1.6, 29.9, 4000, 3000),
    "dji_m4e_wide": (3.3, 12.0, 5280, 3956),
    "sony_a7r@35": (3.76, 35.0, 9504, 6336),
}
GSD_MM = (0.1, 0.2, 0.3, 1.0, 5.0)


@pytest.mark.parametrize(("name", "gsd_mm"), list(itertools.product(LENSES, GSD_MM)))
def test_golden_stand_off_and_footprint_of_every_lens(name: str, gsd_mm: float) -> None:
    """D = GSD·f/p and footprint = GSD·(Nx, Ny)."""
    pitch_um, focal_mm, columns, rows = LENSES[name]
    camera = find_lens(name).camera
    distance_m = gsd_mm * focal_mm / pitch_um
    assert distance_for_gsd_m(camera, gsd_mm / 1000) == pytest.approx(distance_m)
    assert camera.gsd_m_per_px(distance_m) * 1000 == pytest.approx(gsd_mm)
    wide_m, high_m = camera.footprint_m(distance_m)
    assert (wide_m, high_m) == pytest.approx((gsd_mm * columns / 1000, gsd_mm * rows / 1000))


@pytest.mark.parametrize(
    ("pitch_focal", "distance_m", "gsd_mm"),
    [("dji_p1@50", 3.0, 0.264), ("dji_m3e_wide", 5.0, 1.343), ("dji_m3e_tele", 5.0, 0.268)],
)
def test_golden_gsd_of_section_6_2(pitch_focal: str, distance_m: float, gsd_mm: float) -> None:
    camera = find_lens(pitch_focal).camera
    assert camera.gsd_m_per_px(distance_m) * 1000 == pytest.approx(gsd_mm, abs=0.0005)


# §4.7: width mm → GSD mm/px for screening, standard, precise
WIDTHS = {0.1: (0.30, 0.10, 0.05), 0.2: (0.60, 0.20, 0.10), 0.3: (0.90, 0.30, 0.15),
          1.0: (3.0, 1.0, 0.5)}  # fmt: skip


@pytest.mark.parametrize("width_mm", WIDTHS)
def test_golden_gsd_of_a_crack_width(width_mm: float) -> None:
    found = [gsd_for_width_m_per_px(width_mm, one) * 1000 for one in PRECISION_FACTORS]
    assert list(PRECISION_FACTORS) == ["screening", "standard", "precise"]
    assert found == pytest.approx(WIDTHS[width_mm])


@pytest.mark.parametrize(
    ("width_mm", "there"),
    [(0.01, True), (50, True), (0.0099, False), (50.1, False), (math.nan, False)],
)
def test_a_crack_is_between_a_hundredth_and_fifty_millimetres(width_mm: float, there: bool) -> None:
    if there:
        assert gsd_for_width_m_per_px(width_mm) == pytest.approx(width_mm / 1000)
    else:
        with pytest.raises(BadInput, match=r"outside 0\.01–50 mm"):
            gsd_for_width_m_per_px(width_mm)


@pytest.mark.parametrize(
    ("gsd_mm", "exposure_s", "speed"),
    [(0.3, 1 / 1000, 0.15), (1.0, 1 / 1000, 0.5), (1.0, 1 / 2000, 1.0), (5.0, 1 / 500, 1.25)],
)
def test_golden_speed_for_half_a_pixel(gsd_mm: float, exposure_s: float, speed: float) -> None:
    """v_max = 0.5·GSD/t_exp."""
    assert speed_limit_m_per_s(gsd_mm / 1000, exposure_s) == pytest.approx(speed)
    twice = speed_limit_m_per_s(gsd_mm / 1000, exposure_s, blur_px=1.0)
    assert twice == pytest.approx(2 * speed)


# --- depth of field and turning ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "distance_m", "f_number", "hyperfocal_m"),
    [
        # H = f²/(N·p) + f: 0.05²/(5.6·4.4e-6) + 0.05 = 101.51 m
        ("dji_p1@50", 2.27, 5.6, 101.51),
        ("dji_p1@24", 5.0, 5.6, 23.40),  # 0.024²/(5.6·4.4e-6) + 0.024
        ("dji_m3e_wide", 10.0, 2.8, 16.36),  # 0.01229²/(2.8·3.3e-6) + 0.01229
        ("dji_m3e_tele", 5.0, 4.4, 127.02),  # 0.0299²/(4.4·1.6e-6) + 0.0299
    ],
)
def test_golden_depth_of_field(
    name: str, distance_m: float, f_number: float, hyperfocal_m: float
) -> None:
    """near/far = D·H/(H ± D)."""
    near_m, far_m = depth_of_field_m(find_lens(name), distance_m, f_number)
    near = distance_m * hyperfocal_m / (hyperfocal_m + distance_m)
    far = distance_m * hyperfocal_m / (hyperfocal_m - distance_m)
    assert (near_m, far_m) == pytest.approx((near, far), rel=1e-3)


def test_beyond_the_hyperfocal_distance_it_is_sharp_to_infinity() -> None:
    lens = find_lens("dji_m3e_wide")
    assert depth_of_field_m(lens, 16.35, 2.8)[1] < math.inf
    near_m, far_m = depth_of_field_m(lens, 16.37, 2.8)
    assert far_m == math.inf
    assert near_m == pytest.approx(16.37 / 2, rel=1e-2)  # H/2 when focused at H
    for f_number in (0.0, -1.0, math.nan):
        with pytest.raises(BadInput, match="f-number must be > 0"):
            depth_of_field_m(lens, 5.0, f_number)


@given(
    name=st.sampled_from(sorted(LENSES)),
    distance_m=st.floats(0.5, 200),
    f_number=st.floats(1.4, 22),
    share=st.floats(0.02, 0.5),
)
@settings(max_examples=40)
def test_stopping_down_never_makes_less_sharp(
    name: str, distance_m: float, f_number: float, share: float
) -> None:
    lens = find_lens(name)
    near_m, far_m = depth_of_field_m(lens, distance_m, f_number)
    deeper = depth_of_field_m(lens, distance_m, f_number * 1.5)
    assert deeper[0] < near_m < distance_m < far_m <= deeper[1]
    wanted = f_number_for_depth(lens, distance_m, share)
    near_m, far_m = depth_of_field_m(lens, distance_m, wanted)
    assert near_m == pytest.approx(distance_m * (1 - share), rel=1e-6)
    assert far_m >= distance_m * (1 + share) - 1e-9


@pytest.mark.parametrize(
    ("name", "exposure_s", "degrees"),
    [("dji_p1@50", 1e-3, 2.521), ("dji_m3e_wide", 1e-3, 7.692), ("dji_m3e_tele", 5e-4, 3.066)],
)
def test_golden_turning_for_half_a_pixel(name: str, exposure_s: float, degrees: float) -> None:
    """ω = 0.5·p/(t·f) in radians a second: P1 50 mm: 0.5·0.0044/50/0.001 = 0.044 rad/s."""
    found = turning_limit_deg_s(find_lens(name), exposure_s, 0.5)
    assert found == pytest.approx(degrees, abs=0.001)


# --- recommended capture -------------------------------------------------------------------------

# §6.3: purpose → coarsest GSD mm, overlap front/side, angle, may fly on
CAPTURE = {
    "crack_pc": (0.15, 0.60, 0.40, 5, False),
    "crack_rc": (0.30, 0.60, 0.40, 10, False),
    "pavement": (1.50, 0.75, 0.60, 20, True),
    "surface": (2.00, 0.80, 0.60, 20, True),
    "model": (50.0, 0.80, 0.70, 60, True),
    "infrared": (10.0, 0.70, 0.50, 20, True),
}


@pytest.mark.parametrize("code", CAPTURE)
def test_golden_capture_of_section_6_3(code: str) -> None:
    one = find_purpose(code)
    assert (one.gsd_mm[1], one.front, one.side, one.incidence_deg, one.continuous) == CAPTURE[code]
    assert one.gsd_mm[0] < one.gsd_mm[1]
    assert one.least <= min(one.front, one.side)
    # no more views are asked for than the overlaps give inside
    inside = math.floor(1 / (1 - one.front) + 1e-9) * math.floor(1 / (1 - one.side) + 1e-9)
    assert 1 <= one.views <= inside


def test_every_purpose_has_a_word_and_a_golden_row() -> None:
    assert {one.code for one in load_purposes()} == set(CAPTURE)
    assert all(one.label.strip() for one in load_purposes())


@pytest.mark.parametrize(
    ("gsd_mm", "of_face", "of_ground"),
    [
        (0.05, "crack_pc", "crack_pc"), (0.1499, "crack_pc", "crack_pc"),
        (0.15, "crack_rc", "crack_rc"), (0.30, "crack_rc", "crack_rc"),
        (0.301, "surface", "pavement"), (1.50, "surface", "pavement"),
        (1.501, "surface", "surface"), (2.0, "surface", "surface"),
        (2.001, "model", "model"), (50, "model", "model"), (500, "model", "model"),
    ],
)  # fmt: skip
def test_golden_purpose_of_a_gsd(gsd_mm: float, of_face: str, of_ground: str) -> None:
    found = [purpose_for(gsd_mm / 1000, of_ground=g).code for g in (False, True)]
    assert found == [of_face, of_ground]


@pytest.mark.parametrize(
    ("sensing", "wind_m_s", "least_m"),
    [(True, 0, 2), (True, 3.0, 2), (True, 3.01, 3), (False, 3.0, 3), (False, 3.01, 4)],
)
def test_golden_stand_off_of_section_6_3(sensing: bool, wind_m_s: float, least_m: float) -> None:
    assert safe_standoff_m(obstacle_sensing=sensing, wind_m_s=wind_m_s) == least_m


# --- the capability as a whole -------------------------------------------------------------------


def ask(name: str, gsd_mm: float, *, of_ground: bool = False, **changes: float) -> Capability:
    capture = Capture(**changes)  # type: ignore[arg-type]
    purpose = purpose_for(gsd_mm / 1000, of_ground=of_ground)
    return capability(find_lens(name), gsd_m_per_px=gsd_mm / 1000, purpose=purpose, capture=capture)


@given(
    lens=st.sampled_from([find_lens(name) for name in sorted(LENSES)]),
    gsd_mm=st.floats(0.05, 20),
    wind_m_s=st.floats(0, 9),
    sensing=st.booleans(),
)
@settings(max_examples=50)
def test_a_wish_is_granted_at_a_safe_distance_or_refused_with_the_way_out(
    lens: Lens, gsd_mm: float, wind_m_s: float, sensing: bool
) -> None:
    least_m = safe_standoff_m(obstacle_sensing=sensing, wind_m_s=wind_m_s)
    try:
        found = ask(lens.name, gsd_mm, wind_m_s=wind_m_s, obstacle_sensing=sensing)
    except Refused as error:
        assert gsd_mm * lens.focal_mm / lens.model.pitch_um < least_m
        focal = float(str(error).split("a lens of at least ")[1].split(" mm")[0])
        assert gsd_mm * focal / lens.model.pitch_um >= least_m - 1e-6, "the cure is none"
        assert gsd_mm * (focal - 0.11) / lens.model.pitch_um < least_m, "a shorter one would do"
    else:
        assert least_m - 1e-6 <= found.standoff_m <= LARGEST_STANDOFF_M
        assert found.smallest_width_mm == pytest.approx(0.33 * gsd_mm)
        assert found.depth_of_field_m[0] < found.standoff_m < found.depth_of_field_m[1]
        assert (found.trigger is Trigger.STOP) == (found.speed_m_s == STOP_SPEED_M_S) or (
            found.speed_m_s == found.speed_limit_m_s
        )


@pytest.mark.parametrize(
    ("gsd_mm", "exposure_s", "trigger"),
    [
        (0.3, 1 / 1000, Trigger.STOP),  # crack work never flies on
        (0.3, 1 / 100_000, Trigger.STOP),
        (1.0, 1 / 1000, Trigger.DISTANCE),  # just 0.5 m/s
        (0.99, 1 / 1000, Trigger.STOP),
        (5.0, 1 / 100, Trigger.STOP),
        (5.0, 1 / 200, Trigger.DISTANCE),
    ],
)
def test_golden_choice_of_stopping_or_flying_on(
    gsd_mm: float, exposure_s: float, trigger: Trigger
) -> None:
    lens = "dji_m3e_wide" if gsd_mm > 0.5 else "dji_p1@50"
    assert ask(lens, gsd_mm, of_ground=True, exposure_s=exposure_s).trigger is trigger


def test_the_refusal_names_every_camera_of_the_table_that_can() -> None:
    """0.1 mm/px from 2 m needs f/p ≥ 20 000: of the fixed lenses none but what is long enough."""
    with pytest.raises(Refused) as told:
        ask("dji_m3e_wide", 0.12)
    able = {
        lens.name
        for lens in fixed_lenses()
        if 0.12 * lens.focal_mm / lens.model.pitch_um >= 2.0 - 1e-9
    }
    assert able == {"dji_m3e_tele@29.9"}
    assert "dji_m3e_tele@29.9 (from 2.24 m)" in str(told.value)
    with pytest.raises(Refused, match="no camera of the table can"):
        ask("dji_m3e_wide", 0.05)


@pytest.mark.parametrize(
    ("low", "high", "width", "step", "least", "expected"),
    [
        (0, 10, 4, 2, 0, [2, 4, 6, 8]),
        (0, 10, 4, 3, 0, [2, 5, 8]),
        (0, 10, 4, 6, 0, [2, 8]),
        (0, 10, 10, 1, 0, [5]),
        (0, 10, 12, 1, 0, [5]),
        (0, 10, 4, 2, 3, [2, 5, 8]),
        (0, 10, 4, 2, 4, [2, 8]),
        (0, 10, 9, 2, 3, [3.5, 6.5]),  # two that reach beyond, 3 m apart
        (-5, 5, 4, 2, 0, [-3, -1, 1, 3]),
    ],
)
def test_golden_windows(
    *, low: float, high: float, width: float, step: float, least: float, expected: list[float]
) -> None:
    assert spread_m(low, high, width, step, least_m=least) == pytest.approx(expected)


@pytest.mark.parametrize(("overlap", "left"), [(0.0, 10.0), (0.3, 7.0), (0.6, 4.0), (0.95, 0.5)])
def test_golden_spacing(overlap: float, left: float) -> None:
    assert spacing_m(10.0, overlap) == pytest.approx(left)
    for wrong in (-0.01, 0.951, 60, math.nan):
        with pytest.raises(BadInput, match=r"75 % is 0\.75"):
            spacing_m(10.0, wrong)


def test_words_and_numbers_tell_the_same() -> None:
    found = ask("dji_p1@50", 0.2, f_number=4.0)
    told, document = "\n".join(say_capability(found)), capability_document(found)
    assert document["standoff_m"] == 2.273
    assert "from 2.27 m, a photo shows 1.64 × 1.09 m" in told
    assert "0.07 mm" in told and document["smallest_measurable_width_mm"] == 0.066
    assert document["depth_of_field_m"][1] is not None
    ran = fly("capability", "--camera", "dji_p1@50", "--gsd-mm-per-px", 0.2, "--f-number", 4,
              "--json")  # fmt: skip
    assert json.loads(ran.out) == document


def test_an_endless_depth_is_infinity_in_words_and_null_in_json() -> None:
    found = ask("dji_m3e_wide", 20.0, of_ground=True, f_number=8.0)
    assert any("to infinity" in line for line in say_capability(found))
    assert capability_document(found)["depth_of_field_m"][1] is None


def test_an_unknown_purpose_names_those_there_are() -> None:
    with pytest.raises(NotFound, match="there are crack_pc, crack_rc, pavement"):
        find_purpose("crack")
    ran = fly("capability", "--camera", "dji_p1@50", "--gsd-mm-per-px", 1, "--purpose", "crack")
    assert (ran.code, "crack_pc" in ran.said) == (2, True)
