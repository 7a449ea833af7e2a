"""Pictures of plans: the right size, the way and the coverage in them, for every pattern."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from shapely import LineString, Point, Polygon

from flight.coverage import plan_coverage
from flight.drawing import Canvas, Panel
from flight.flightplan import FlightPlan, Pattern
from flight.picture import ENOUGH, TAKEOFF, TOO_FEW, UNSEEN, WAY, draw_plan
from flight.planfile import write_plan
from inspection.cli import tenken
from inspection.errors import BadInput
from tests.support.flightplans import small_plan
from tests.support.planned import feature, planned

DECK = feature(Polygon([(0, 20), (30, 20), (30, 28), (0, 28)]), "deck", height_m=9)
PLANS = {
    Pattern.AREA: lambda: planned(Pattern.AREA, DECK, camera="dji_m3e_wide", gsd_mm=3),
    Pattern.CORRIDOR: lambda: planned(
        Pattern.CORRIDOR,
        feature(LineString([(0, 0), (60, 10), (90, 60)]), width_m=6),
        camera="dji_m3e_wide",
        gsd_mm=3,
    ),
    Pattern.FACADE: lambda: planned(
        Pattern.FACADE, feature(LineString([(0, 20), (12, 20)]), bottom_m=0, top_m=6)
    ),
    Pattern.SOFFIT: lambda: planned(Pattern.SOFFIT, DECK, drone="ardupilot_upward"),
    Pattern.ORBIT: lambda: planned(
        Pattern.ORBIT, feature(Point(5, 20), radius_m=1.2, bottom_m=3, top_m=6)
    ),
}


def pixels(plan: FlightPlan) -> np.ndarray:
    return np.asarray(draw_plan(plan, plan_coverage(plan, count=3000)))


def share(picture: np.ndarray, colour: tuple[int, ...], *, right: bool) -> float:
    half = picture[125:590, 630:] if right else picture[125:590, :610]
    near = np.abs(half.astype(int) - np.array(colour[:3])).max(axis=2) <= 12
    return float(near.mean())


@pytest.mark.parametrize("pattern", list(PLANS))
def test_every_pattern_shows_its_way_its_take_off_and_its_coverage(pattern: Pattern) -> None:
    picture = pixels(PLANS[pattern]())
    assert picture.shape == (640, 1200, 3)
    assert share(picture, WAY, right=False) > 0.0002
    assert share(picture, TAKEOFF, right=False) > 0.0001
    assert sum(share(picture, colour, right=True) for colour in ENOUGH) > 0.004


def test_what_is_not_seen_well_is_red_in_its_share() -> None:
    plan = PLANS[Pattern.FACADE]()
    bad = 1 - plan_coverage(plan).good_share
    picture = pixels(plan)
    red = share(picture, UNSEEN, right=True)
    blue = sum(share(picture, colour, right=True) for colour in ENOUGH)
    assert 0.1 < bad < 0.4
    assert red / (red + blue) == pytest.approx(bad, abs=0.08)


def test_too_few_views_have_their_own_colour() -> None:
    picture = pixels(small_plan(views=3))
    assert share(picture, TOO_FEW, right=True) > 0.05
    assert share(picture, UNSEEN, right=True) > 0.005
    assert share(pixels(small_plan(views=1)), TOO_FEW, right=True) == 0.0


def test_a_panel_keeps_shape_and_has_north_at_the_top() -> None:
    panel = Panel(Canvas(200, 100), (0.0, 0.0, 200.0, 100.0), np.array([[0, 0], [10, 10]]))
    south_west, north_east = panel.place(np.array([[0.0, 0.0], [10.0, 10.0]]))
    assert panel.px_per_m == 10.0
    assert south_west.tolist() == [50.0, 100.0]
    assert north_east.tolist() == [150.0, 0.0]


def test_the_command_draws_and_refuses_with_a_reason(tmp_path: Path) -> None:
    write_plan(small_plan(), tmp_path / "p.photos.geojson")
    words = ["flight", "draw", str(tmp_path / "p.photos.geojson"), "--out"]
    result = CliRunner().invoke(tenken, [*words, str(tmp_path / "p.png")], catch_exceptions=False)
    assert result.output.startswith("p.png: 6 photos, ")
    with Image.open(tmp_path / "p.png") as picture:
        assert picture.size == (1200, 640)
    for out, reason in (("p.svg", "ends in none of .png"), ("no/p.png", "cannot be written")):
        with pytest.raises(BadInput, match=reason):
            CliRunner().invoke(tenken, [*words, str(tmp_path / out)], catch_exceptions=False)
    write_plan(small_plan(photos=()), tmp_path / "none.photos.geojson")
    with pytest.raises(BadInput, match="nothing to draw"):
        CliRunner().invoke(
            tenken,
            ["flight", "draw", str(tmp_path / "none.photos.geojson"), "--out", "x.png"],
            catch_exceptions=False,
        )
