"""The matrix of ⑥ ひびわれ whole, by a second hand; reasons of programmes; disasters."""

import uuid
from datetime import UTC, datetime, timedelta, timezone
from math import floor, inf, nan

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.codelists.emergencies import load_order_rule
from inspection.codelists.grades import load_crack_grade_rule
from inspection.domain.asset import Concrete
from inspection.domain.choicereason import Ledgered, yen_words
from inspection.domain.emergency import (
    Area,
    Change,
    Hazard,
    QuickReport,
    Signal,
    compare,
    distance_km,
    newest,
    urgency,
)
from inspection.domain.grade import (
    Subject,
    crack_grade,
    crack_grade_candidate,
    smallest_spacings_m,
)
from inspection.domain.measurement import Quantity
from inspection.domain.prioritymodel import Attribute
from inspection.domain.programme import Candidate, Option, Terms, Work
from inspection.errors import BadInput
from inspection.planning.select import Method, select

RULE, ORDER = load_crack_grade_rule(), load_order_rule()
LAW = settings(max_examples=50, deadline=None, derandomize=True)
RC, PC = Concrete.RC, Concrete.PC


def by_hand(width_mm: float | None, spacing_m: float | None, concrete: Concrete) -> str:
    """Grade as the function of §1.5.1 is written there."""
    if width_mm is None:
        return "a"
    low, high = (0.2, 0.3) if concrete is RC else (0.1, 0.2)
    wide = 0 if width_mm < low else 1 if width_mm < high else 2
    close = int(spacing_m is not None and spacing_m < 0.5)
    return [["b", "c"], ["c", "d"], ["d", "e"]][wide][close]


@pytest.mark.parametrize("concrete", [RC, PC])
@pytest.mark.parametrize("spacing", [None, 0.0, 0.1, 0.4999, 0.5, 0.5001, 3.0, inf])
def test_golden_the_whole_matrix(concrete: Concrete, spacing: float | None) -> None:
    for hundredths in range(0, 60):
        width = hundredths / 100
        assert crack_grade(width, spacing, concrete, rule=RULE) == by_hand(width, spacing, concrete)
    assert crack_grade(None, spacing, concrete, rule=RULE) == "a"


@pytest.mark.parametrize(
    ("width", "spacing"), [(nan, 1.0), (-0.1, 1.0), (0.2, nan), (0.2, -1.0), (None, nan)]
)
def test_what_is_no_width_or_spacing_has_no_grade(width: float | None, spacing: float) -> None:
    with pytest.raises(BadInput, match="has no grade"):
        crack_grade(width, spacing, RC, rule=RULE)
    if width is None or width == 0.2:
        known = None if width is None else Quantity(value=width, expanded_uncertainty=0.1)
        with pytest.raises(BadInput, match="has no grade"):
            crack_grade_candidate(
                known, spacing, RC, rule=RULE, subject=Subject.DEFECT, subject_id="1"
            )


@LAW
@given(
    st.floats(0, 0.6),
    st.floats(0, 0.2),
    st.sampled_from([None, 0.3, 0.5]),
    st.sampled_from([RC, PC]),
)
def test_a_measured_width_is_read_on_a_gauge_and_lists_all_that_it_may_be(
    width: float, u_mm: float, spacing: float | None, concrete: Concrete
) -> None:
    found = crack_grade_candidate(
        Quantity(value=width, expanded_uncertainty=u_mm), spacing, concrete,
        rule=RULE, subject=Subject.DEFECT, subject_id="1",
    )  # fmt: skip
    reading = floor(width / 0.05 + 0.5 + 1e-9) * 0.05
    assert found.best == by_hand(round(reading, 6), spacing, concrete)
    assert found.best in found.candidates
    for share in (-1, -0.5, 0, 0.5, 1):
        assert by_hand(max(0.0, width + share * u_mm), spacing, concrete) in found.candidates
    assert found.borderline == (len(found.candidates) > 1)
    assert found.values["width_mm"] == width
    if found.record:
        assert found.record.startswith("⑥ひびわれ(")
        assert found.record.endswith(f"-{found.best}")


@LAW
@given(st.floats(0.01, 0.8), st.sampled_from([None, 0.3]), st.sampled_from([RC, PC]))
def test_below_a_limit_every_width_up_to_it_is_possible_and_none_is_chosen_among_several(
    limit: float, spacing: float | None, concrete: Concrete
) -> None:
    found = crack_grade_candidate(
        Quantity(value=None, expanded_uncertainty=None, limit=limit, below_limit=True), spacing,
        concrete, rule=RULE, subject=Subject.DEFECT, subject_id="1",
    )  # fmt: skip
    for share in (0.0, 0.3, 0.7, 0.999):
        assert by_hand(share * limit, spacing, concrete) in found.candidates
    assert (found.best is None) == (len(found.candidates) > 1)
    assert found.values["width_limit_mm"] == limit
    assert "width_mm" not in found.values


@LAW
@given(st.lists(st.floats(-3, 3), min_size=2, max_size=6, unique=True), st.floats(0.5, 2))
def test_the_smallest_spacing_is_the_gap_to_the_nearest_line(
    heights: list[float], scale: float
) -> None:
    lines = [shapely.LineString([(0, y), (5, y)]) for y in heights]
    found = smallest_spacings_m(lines, scale=scale)
    for y, spacing in zip(heights, found, strict=True):
        gaps = [abs(y - other) / scale for other in heights if other != y]
        near = [gap for gap in gaps if gap <= 5.0]
        if near:
            assert spacing == pytest.approx(min(near), rel=1e-6, abs=1e-9)


# why a programme is as it is: every left candidate has a reason that is true
def option(cost: int, relief: float) -> Option:
    return Option(work=Work.MAJOR, cost_yen=cost, relief=relief)


@LAW
@given(
    st.lists(st.tuples(st.integers(1, 50), st.floats(0, 60), st.sampled_from([1, 2, 2])),
             min_size=1, max_size=7),
    st.lists(st.integers(0, 60), min_size=1, max_size=3),
)  # fmt: skip
def test_every_reason_is_true_of_its_programme(
    drawn: list[tuple[int, float, int]], budgets: list[int]
) -> None:
    million = 10**6
    items = [
        Candidate(
            asset_id=f"C{i}", tier=tier, score=50.0, options=(option(c * million, r * million),),
            rules=("R3",) if tier == 1 else (),
        )
        for i, (c, r, tier) in enumerate(drawn)
    ]  # fmt: skip
    terms = Terms(first_year=2027, budgets_yen=tuple(b * million for b in budgets), rate=0.02)
    found = select(items, terms, method=Method.GREEDY)
    told = Ledgered.of(found, terms)
    for one in found.chosen:
        reason = told.why_chosen(one)
        late = one.year > one.candidate.due
        expected = "competes" if one.candidate.tier == 2 else "must_late" if late else "must"
        assert reason.code == expected
        assert reason.ja
    for left in found.left:
        cost, relief = left.options[0].cost_yen, left.options[0].relief
        code = told.why_left(left).code
        assert (code == "over_budget") == (cost > max(terms.budgets_yen))
        if code == "shortage":
            assert left.tier == 1
        if code == "no_benefit":
            assert relief <= 0
        if code == "outbid" and told.marginal is not None:
            assert relief / cost < told.marginal
        if code == "does_not_fit":
            assert cost > max(told.left_yen)


@pytest.mark.parametrize(
    ("yen", "ja", "en"),
    [(0, "0 円", "0 yen"), (999_999, "999,999 円", "999,999 yen"),
     (1_000_000, "1,000 千円", "1.00 million yen"),
     (-2_500_000, "-2,500 千円", "-2.50 million yen"),
     (123_456_789_000, "123,456,789 千円", "123,456.79 million yen")],
)  # fmt: skip
def test_golden_words_of_money(yen: float, ja: str, en: str) -> None:
    assert yen_words(yen) == (ja, en)


# disasters §9
@pytest.mark.parametrize(
    ("a", "b", "km"),
    [((136.65, 36.56), (136.9, 37.39), 94.9), ((139.77, 35.68), (135.5, 34.69), 403.0),
     ((0, 0), (180, 0), 20015.1), ((0, 90), (77, 90), 0.0), ((179.9, 0), (-179.9, 0), 22.2)],
)  # fmt: skip
def test_golden_distances_on_the_globe(
    a: tuple[float, float], b: tuple[float, float], km: float
) -> None:
    assert distance_km(a, b) == pytest.approx(km, rel=0.004, abs=0.05)
    if km < 2000:
        assert Area(lonlat=a, radius_km=max(km * 1.01, 1)).holds(b)
    if km > 1:
        assert not Area(lonlat=a, radius_km=min(2000.0, km * 0.98)).holds(b)


@pytest.mark.parametrize(
    ("lonlat", "radius"),
    [((136.9, 37.4), 0), ((136.9, 37.4), -1), ((136.9, 37.4), nan), ((136.9, 37.4), 2001),
     ((nan, 37.4), 30), ((136.9, inf), 30), ((37.4, 136.9), 30)],
)  # fmt: skip
def test_an_area_that_is_nowhere_is_refused(lonlat: tuple[float, float], radius: float) -> None:
    with pytest.raises(BadInput, match=r"radius must be|middle of an area"):
        Area(lonlat=lonlat, radius_km=radius)


# additive points of the order list, worked out by hand
@pytest.mark.parametrize(
    ("attributes", "hazard", "points", "wave"),
    [
        ({"emergency_route": "1", "detour_min": "isolated", "soundness": "IV"}, "earthquake",
         40 + 25 + 20 + 5, 1),
        ({"emergency_route": 2, "detour_min": 5, "soundness": "III", "length_m": 100.0,
          "pre_1980_seismic": False}, "earthquake", 25 + 15 + 6, 2),
        ({"emergency_route": "none", "detour_min": 0, "soundness": "I"}, "flood", 5, 3),
        ({"emergency_route": "none", "detour_min": 0, "soundness": "I", "scour": True}, "flood",
         20, 3),
        ({"emergency_route": "none", "detour_min": 30, "soundness": "I", "scour": True,
          "length_m": 15}, "flood", 33, 2),
        ({}, "earthquake", 5 + 5 + 5, 3),
    ],
)  # fmt: skip
def test_golden_urgency_and_waves(
    attributes: dict[str, Attribute], hazard: str, points: float, wave: int
) -> None:
    items = urgency(attributes, Hazard(hazard), rule=ORDER)
    assert sum(item.points for item in items) == points
    assert ORDER.wave(points) == wave
    assert [ORDER.wave(p) for p in (100, 50, 49.9, 25, 24.9, 0)] == [1, 1, 2, 2, 3, 3]


EXPECTED = {"I": Signal.GREEN, "II": Signal.GREEN, "III": Signal.YELLOW, "IV": Signal.RED}


@pytest.mark.parametrize("soundness", [*EXPECTED, "V", None, "", 3])
@pytest.mark.parametrize("signal", list(Signal))
def test_golden_a_light_beside_each_diagnosis(signal: Signal, soundness: object) -> None:
    order = list(Signal)
    found = compare(signal, soundness, rule=ORDER)
    if soundness not in EXPECTED:
        assert found is Change.UNKNOWN
        return
    steps = order.index(signal) - order.index(EXPECTED[str(soundness)])
    assert found is (
        Change.WORSE if steps > 0 else Change.BETTER if steps < 0 else Change.AS_EXPECTED
    )


JST = timezone(timedelta(hours=9))
BEGAN = datetime(2024, 1, 1, 7, 10, tzinfo=UTC)
REPORTS = st.lists(
    st.builds(
        QuickReport, report_id=st.uuids(), emergency=st.just("能登"),
        signal=st.sampled_from(Signal), asset_id=st.sampled_from("AB"), reported_by=st.just("花子"),
        reported_at=st.integers(0, 20).flatmap(
            lambda h: st.sampled_from([UTC, JST]).map(
                lambda zone: BEGAN.astimezone(zone) + timedelta(hours=h)
            )
        ),
    ),
    max_size=8,
)  # fmt: skip


@LAW
@given(REPORTS, st.randoms(use_true_random=False))
def test_the_newest_report_counts_in_any_zone_and_order(
    reports: list[QuickReport], rng: object
) -> None:
    found = newest(reports)
    shuffled = reports[:]
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert newest(shuffled) == found
    assert set(found) == {one.asset_id for one in reports}
    for one in reports:
        assert found[one.asset_id].reported_at >= one.reported_at


@pytest.mark.parametrize("where", [(nan, 37.0), (37.3, 136.9), (200.0, 37.0)])
def test_a_report_from_nowhere_is_refused(where: tuple[float, float]) -> None:
    with pytest.raises(BadInput, match="place of a report lies at"):
        QuickReport(
            report_id=uuid.UUID(int=1), emergency="能登", asset_id="A", signal=Signal.RED,
            reported_by="花子", reported_at=datetime(2024, 1, 1, tzinfo=UTC), lonlat=where,
        )  # fmt: skip
