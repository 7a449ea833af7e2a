"""Rendered decks before any pixel: place, cracks, layout, flight."""

import doctest
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiLineString, Point, box

from datasets.synth import canvas, capture, deck, fracture, photo, tags, texture
from datasets.synth.capture import CONSUMER_GPS, Flight, fly, plan, sight_targets
from datasets.synth.deck import Deck
from datasets.synth.fracture import RECIPES, Recipe, grow, kinks, wander
from datasets.synth.layout import (
    CLEAR_OF_CRACKS_M,
    CLEAR_OF_EDGES_M,
    CLEAR_OF_OBJECTS_M,
    Layout,
    lay_out,
)
from datasets.truth import line_length_m
from inspection.errors import BadInput


@pytest.mark.parametrize("module", [canvas, capture, deck, fracture, photo, tags, texture])
def test_doctests_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]  # a module is an object


@pytest.fixture(scope="module")
def full() -> Layout:
    """Lay out the deck of the demo, once."""
    return lay_out(Deck(), seed=7, gsd_mm=2.0)


class TestDeck:
    def test_the_centre_of_the_deck_is_the_origin_of_its_frame(self) -> None:
        bridge = Deck()
        centre = [[bridge.length_m / 2, bridge.width_m / 2]]
        assert np.abs(bridge.to_enu_m(centre)).max() < 1e-12
        lon, lat, height = bridge.to_lonlat_h(centre)[0]
        assert (lon, lat) == pytest.approx((bridge.lon_deg, bridge.lat_deg), abs=1e-10)
        assert height == pytest.approx(bridge.height_ellipsoid_m, abs=1e-6)

    @given(heading=st.floats(0, 359), crossfall=st.floats(-0.05, 0.05))
    def test_the_axis_points_along_the_heading_and_the_left_side_rises(
        self, heading: float, crossfall: float
    ) -> None:
        bridge = Deck(heading_deg=heading, crossfall=crossfall)
        origin, along, left = bridge.to_enu_m([[0, 0], [10, 0], [0, 5]])
        east, north, up = along - origin
        assert np.degrees(np.arctan2(east, north)) % 360 == pytest.approx(heading, abs=1e-6)
        assert up == pytest.approx(0, abs=1e-12)
        assert (left - origin)[2] == pytest.approx(5 * crossfall, abs=1e-12)
        turn = east * (left - origin)[1] - north * (left - origin)[0]
        assert turn > 0  # y lies to the left of x

    @pytest.mark.parametrize(("length_m", "width_m"), [(0.5, 8), (61, 8), (24, 0.9), (24, 31)])
    def test_a_deck_that_is_no_deck_is_refused(self, length_m: float, width_m: float) -> None:
        with pytest.raises(BadInput, match="deck"):
            Deck(length_m=length_m, width_m=width_m)


class TestFracture:
    @pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: f"{r.length_m}m-{r.width_px}px")
    def test_a_crack_keeps_to_its_recipe(self, recipe: Recipe) -> None:
        paths = grow(np.random.default_rng(3), np.zeros(2), recipe, gsd_mm=2.0)
        trunk = paths[0]
        assert trunk.length_m == pytest.approx(recipe.length_m, rel=1e-6)
        assert len(trunk.points_deck_m) == len(trunk.width_mm)
        assert len(paths) == (2 if recipe.branch_m else 1)
        mean_mm = float(trunk.width_mm.mean())
        if recipe.tapered:
            assert trunk.width_mm[0] < 0.1 * trunk.width_mm.max() > trunk.width_mm[-1]
        else:
            assert mean_mm == pytest.approx(recipe.width_px * 2.0, rel=1e-9)
            assert 0.5 * mean_mm < trunk.width_mm.min() < trunk.width_mm.max() < 1.7 * mean_mm

    def test_a_crack_wanders_but_keeps_its_way(self) -> None:
        recipe = Recipe(length_m=2.0, width_px=4, heading_deg=30, darkness=0.7)
        for seed in range(10):
            line = grow(np.random.default_rng(seed), np.zeros(2), recipe, 2.0)[0].points_deck_m
            chord = line[-1] - line[0]
            assert 1.01 < line_length_m(line) / np.linalg.norm(chord) < 1.5
            heading = np.degrees(np.arctan2(chord[1], chord[0]))
            assert abs(heading - 30) < 25

    def test_a_branch_starts_on_the_trunk_and_leaves_it(self) -> None:
        recipe = next(r for r in RECIPES if r.branch_m)
        trunk, branch = grow(np.random.default_rng(1), np.zeros(2), recipe, 2.0)
        gap = np.linalg.norm(trunk.points_deck_m - branch.points_deck_m[0], axis=1)
        assert gap.min() == 0.0
        away = np.linalg.norm(trunk.points_deck_m - branch.points_deck_m[-1], axis=1)
        assert away.min() > 0.2 * recipe.branch_m

    @settings(deadline=None, derandomize=True, max_examples=20)
    @given(seed=st.integers(0, 1000), correlation=st.floats(5, 80), sigma=st.floats(0.05, 1))
    def test_wandering_has_the_spread_that_was_asked_for(
        self, seed: int, correlation: float, sigma: float
    ) -> None:
        signal = wander(np.random.default_rng(seed), 40_000, correlation=correlation, sigma=sigma)
        assert signal.shape == (40_000,)
        assert float(signal.std()) == pytest.approx(sigma, rel=0.2)

    def test_kinks_keep_a_level_for_a_run(self) -> None:
        signal = kinks(np.random.default_rng(5), 10_000, mean_run=20, sigma=0.4)
        jumps = np.flatnonzero(np.diff(signal))
        assert 10 <= np.diff(jumps).min() and np.diff(jumps).max() <= 30
        assert float(signal.std()) == pytest.approx(0.4, rel=0.15)


class TestLayout:
    def test_the_demo_has_enough_cracks_of_every_kind(self, full: Layout) -> None:
        widths = [crack.recipe.width_px for crack in full.cracks]
        assert len(full.cracks) == 24
        assert sum(w >= 3 for w in widths) >= 15
        assert sum(1 <= w <= 2 for w in widths) >= 3
        assert max(widths) <= 8
        assert any(crack.recipe.branch_m for crack in full.cracks)
        assert any(crack.recipe.tapered for crack in full.cracks)
        assert len({crack.crack_id for crack in full.cracks}) == len(full.cracks)
        assert {0.4 < crack.recipe.darkness < 0.9 for crack in full.cracks} == {True}

    def test_cracks_stay_clear_of_each_other_of_joints_and_of_the_edge(self, full: Layout) -> None:
        lines = [crack.line_deck_m for crack in full.cracks]
        inner = box(0, 0, full.deck.length_m, full.deck.width_m).buffer(-CLEAR_OF_EDGES_M + 1e-6)
        for number, line in enumerate(lines):
            assert inner.contains(line)
            for other in lines[:number]:
                assert line.distance(other) > 0.95 * CLEAR_OF_CRACKS_M
            for thing in full.things:
                if thing.blocks:
                    assert line.distance(thing.outline_deck_m) > 0.95 * CLEAR_OF_OBJECTS_M

    def test_every_kind_of_lookalike_is_there(self, full: Layout) -> None:
        kinds = {thing.kind for thing in full.things}
        assert kinds >= {
            "expansion_joint", "construction_joint", "lane_marking", "tyre_mark", "skid_mark",
            "oil", "rust", "damp", "patch", "scupper", "survey_target",
        }  # fmt: skip
        assert len(full.of("expansion_joint")) == 2
        assert len(full.of("survey_target")) == len(full.targets_deck_m) == 5

    def test_the_same_seed_lays_out_the_same_deck(self, full: Layout) -> None:
        again = lay_out(Deck(), seed=7, gsd_mm=2.0)
        other = lay_out(Deck(), seed=8, gsd_mm=2.0)
        assert again.cracks[3].line_deck_m.equals(full.cracks[3].line_deck_m)
        assert not other.cracks[3].line_deck_m.equals(full.cracks[3].line_deck_m)

    def test_a_deck_without_room_says_so(self) -> None:
        with pytest.raises(BadInput, match="no room"):
            lay_out(Deck(length_m=1.5, width_m=1.2), seed=1, gsd_mm=2.0)


class TestFlight:
    def test_the_camera_has_the_gsd_that_was_asked_for(self) -> None:
        for gsd in (1.2, 2.0, 3.5):
            flight = Flight().at_gsd(gsd)
            assert flight.camera.gsd_m_per_px(flight.height_m) * 1000 == pytest.approx(gsd)
        assert Flight().height_m == pytest.approx(6.069, abs=0.001)

    def test_the_plan_covers_the_deck_with_the_photos_of_a_short_flight(self) -> None:
        grid = plan(Deck(), Flight())
        assert grid.coverage == pytest.approx(1.0, abs=1e-6)
        assert 30 <= len(grid.stations) <= 40
        places = [[x, y] for x in np.arange(0.25, 24, 0.25) for y in (0.3, 2, 4, 6, 7.7)]
        views = grid.views(Deck().to_enu_m(places)[:, :2])
        assert views.min() >= 2  # every place can be triangulated
        assert np.median(views) >= 3

    def test_the_drone_hangs_near_its_stations_and_looks_down(self) -> None:
        flight = Flight()
        stations = plan(Deck(), flight).stations
        shots = fly(Deck(), flight, seed=7)
        assert [shot.name for shot in shots][:2] == ["TNK_0001.JPG", "TNK_0002.JPG"]
        off = np.array(
            [
                s.pose.centre_world_m - (p.x_m, p.y_m, p.distance_m)
                for s, p in zip(shots, stations, strict=True)
            ]
        )
        assert 0.5 * flight.hover_sigma_m < off.std() < 1.5 * flight.hover_sigma_m
        down = np.array([shot.pose.camera_from_world[2] @ (0, 0, -1) for shot in shots])
        tilt = np.degrees(np.arccos(down))
        assert 0.2 < np.median(tilt) < 2.5
        assert tilt.max() < 5
        heading = np.array([s.pose.camera_from_world[1] for s in shots])  # image y points back
        wanted = np.radians([p.heading_deg for p in stations])
        along = -(heading[:, 0] * np.sin(wanted) + heading[:, 1] * np.cos(wanted))
        assert along.min() > np.cos(np.radians(6))

    @pytest.mark.parametrize("flight", [Flight(), CONSUMER_GPS], ids=["rtk", "consumer"])
    def test_written_positions_are_wrong_by_the_receivers_noise(self, flight: Flight) -> None:
        frame = Deck().frame
        errors = []
        for seed in range(4):
            shots = fly(Deck(), flight, seed=seed)
            written = frame.to_enu_m([shot.lonlat_h for shot in shots])
            errors.append(written - [shot.pose.centre_world_m for shot in shots])
        spread = np.vstack(errors).std(axis=0)
        assert spread[:2] == pytest.approx([flight.gps_sigma_m] * 2, rel=0.25)
        assert spread[2] == pytest.approx(flight.gps_sigma_up_m, rel=0.25)

    def test_targets_are_sighted_where_they_are(self, full: Layout) -> None:
        bridge, exact = Deck(), replace(Flight(), target_sigma_m=0.0, target_sigma_px=0.0)
        targets = full.targets_deck_m
        shots = {shot.name: shot for shot in fly(bridge, exact, seed=7)}
        seen = sight_targets(bridge, exact, targets, list(shots.values()), seed=7)
        assert {sighting.name for sighting in seen} == {"G1", "G2", "G3", "G4", "G5"}
        counts = [sum(s.name == name for s in seen) for name in ("G1", "G2", "G3", "G4", "G5")]
        assert min(counts) >= 2
        for sighting in seen:
            enu = bridge.frame.to_enu_m([sighting.lonlat_h])
            pose = shots[sighting.photo].pose
            assert exact.camera.project(pose.to_camera(enu))[0] == pytest.approx(
                sighting.xy_px, abs=1e-3
            )
            assert 60 < sighting.xy_px[0] < exact.width_px - 60

    def test_a_noisy_survey_is_wrong_by_its_noise(self, full: Layout) -> None:
        bridge, flight = Deck(), Flight()
        targets = full.targets_deck_m
        seen = sight_targets(bridge, flight, targets, fly(bridge, flight, seed=7), seed=7)
        true = bridge.to_enu_m(targets)
        off = np.array(
            [bridge.frame.to_enu_m([s.lonlat_h])[0] - true[int(s.name[1]) - 1] for s in seen]
        )
        assert 0.0002 < np.abs(off).mean() < 0.006


def test_shapes_of_the_layout_are_valid() -> None:
    layout = lay_out(Deck(), seed=11, gsd_mm=2.0)
    assert all(thing.outline_deck_m.is_valid for thing in layout.things)
    everything = MultiLineString([p.points_deck_m for c in layout.cracks for p in c.paths])
    assert everything.distance(Point(12, 4)) >= 0
