"""Crack ratio along a curved lane; golden 18.33 % of domain specification §2.2."""

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.crackratio import CrackRatioRule, Distress
from inspection.domain.lanestrip import LaneStrip, aggregate, agreement, sections
from inspection.errors import BadGeometry, BadInput

RULE = CrackRatioRule(version="test")


def golden_distress() -> list[tuple[str, shapely.Geometry]]:
    """Draw §2.2 in lane coordinates, x along, y to the left of the centre: 10 + 4 + 2 cells."""
    cells = [(c * 0.5, r * 0.5 - 1.5) for c in range(10) for r in range(6)]
    drawn: list[tuple[str, shapely.Geometry]] = []
    for x, y in cells[:10]:
        drawn.append(("crack", shapely.linestrings([[x + 0.1, y + 0.2], [x + 0.4, y + 0.2]])))
    for x, y in cells[20:24]:
        for dy in (0.1, 0.4):
            drawn.append(("crack", shapely.linestrings([[x + 0.1, y + dy], [x + 0.4, y + dy]])))
    for x, y in cells[40:42]:
        drawn.append(("patch", shapely.box(x, y, x + 0.25, y + 0.5)))
    return drawn


def place(shape: shapely.Geometry, turn_deg: float) -> shapely.Geometry:
    return shapely.affinity.translate(
        shapely.affinity.rotate(shape, turn_deg, origin=(0, 0)), 512_000, 4_050_000
    )


@pytest.mark.parametrize("turn", [0, 33, 180, 271])
def test_golden_crack_ratio_18_33_percent(turn: float) -> None:
    centre = place(shapely.linestrings([[0, 0], [5, 0]]), turn)
    placed = [(kind, place(shape, turn)) for kind, shape in golden_distress()]
    distress = Distress(
        cracks=[s for kind, s in placed if kind == "crack"],
        patches=[s for kind, s in placed if kind == "patch"],
    )
    strip = LaneStrip(centre_m=shapely.get_coordinates(centre), width_m=3.0)
    (only,) = sections(strip, distress, rule=RULE, section_m=10)
    assert only.crack_ratio_percent == pytest.approx(18.33, abs=0.005)
    assert only.class_code == "I"
    assert (only.start_m, only.end_m) == pytest.approx((0, 5))


def arc(radius: float, length: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    t = np.linspace(0, length / radius, 400)
    return np.column_stack([radius * np.sin(t), radius * (1 - np.cos(t))])


@given(s=st.floats(1, 39), t=st.floats(-1.7, 1.7))
def test_a_bend_is_straightened(s: float, t: float) -> None:
    strip = LaneStrip(centre_m=arc(60, 40), width_m=3.5)
    point = [(60 - t) * np.sin(s / 60), 60 - (60 - t) * np.cos(s / 60)]
    assert strip.straighten([point])[0] == pytest.approx([s, t], abs=2e-3)


def test_a_crack_along_a_bend_fills_one_row_of_cells() -> None:
    inner = arc(60, 40) * (59.7 / 60) + [0, 0.3]
    strip = LaneStrip(centre_m=arc(60, 40), width_m=3.0)
    found = sections(strip, Distress(cracks=[shapely.linestrings(inner)]), rule=RULE)
    assert [s.crack_ratio_percent for s in found] == pytest.approx([10, 10], abs=0.01)


def test_sections_tile_the_lane_and_aggregate_by_area() -> None:
    strip = LaneStrip(centre_m=np.array([[0.0, 0], [105, 0]]), width_m=3.0)
    hole = shapely.box(1, -1, 2, 0)
    distress = Distress(potholes=[hole], alligators=[shapely.box(60, -1.5, 70, 1.5)])
    fine = sections(strip, distress, rule=RULE, section_m=10)
    whole = sections(strip, distress, rule=RULE, section_m=100)
    assert [s.end_m for s in fine][-2:] == pytest.approx([100, 105])
    assert [s.crack_ratio_percent for s in whole] == pytest.approx(
        [s.crack_ratio_percent for s in aggregate(fine, rule=RULE, section_m=100)]
    )
    assert fine[6].class_code == "III" and fine[0].class_code == "I"


def test_golden_detection_and_hit_rates() -> None:
    one, two, three = agreement(
        ["I"] * 40 + ["II"] * 7 + ["III"] * 3, ["I"] * 38 + ["II"] * 8 + ["III"] * 4
    )
    assert (one.true, one.extracted, one.correct) == (38, 40, 38)
    assert one.detection_rate == 1.0 and one.hit_rate == pytest.approx(0.95)
    assert two.detection_rate == pytest.approx(6 / 8) and two.hit_rate == pytest.approx(6 / 7)
    assert three.detection_rate == pytest.approx(3 / 4) and three.hit_rate == 1.0


def test_nonsense_is_refused() -> None:
    with pytest.raises(BadGeometry, match="centre line"):
        LaneStrip(centre_m=np.array([[0.0, 0]]), width_m=3)
    with pytest.raises(BadGeometry, match="width"):
        LaneStrip(centre_m=np.array([[0.0, 0], [1, 0]]), width_m=0)
    strip = LaneStrip(centre_m=np.array([[0.0, 0], [1, 0]]), width_m=3)
    with pytest.raises(BadInput, match="30"):
        sections(strip, Distress(), rule=RULE, section_m=30)
    with pytest.raises(BadInput, match="2 sections"):
        agreement(["I", "I"], ["I"])
    with pytest.raises(BadInput, match="IV"):
        agreement(["IV"], ["I"])
