"""Road graphs: detours in metres by hand, who is cut off, and the laws of closing roads."""

import random
from itertools import combinations

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.domain.roadnetwork import Closure, Place, RoadLine
from inspection.errors import BadInput
from inspection.planning.closing import close_each, cut_off
from inspection.planning.roadgraph import EARTH_M_PER_DEG, RoadGraph, build
from inspection.planning.travel import travel_minutes

LAT0, LON0 = 37.3, 136.9
LAW = settings(max_examples=40, deadline=None, derandomize=True)


def at(x_m: float, y_m: float) -> tuple[float, float]:
    """Give degrees of a point so many metres east and north of Noto."""
    return LON0 + x_m / 88_500, LAT0 + y_m / EARTH_M_PER_DEG


def road(*points: tuple[float, float], speed: float = 60.0, asset: str = "") -> RoadLine:
    return RoadLine(line_lonlat=tuple(at(*p) for p in points), speed_kmh=speed, asset_id=asset)


def place(name: str, x: float, y: float, people: float = 0.0, *, hub: bool = False) -> Place:
    return Place(name=name, lonlat=at(x, y), people=people, hub=hub)


RING = (
    road((0, 0), (1000, 0)),
    road((1000, 0), (2000, 0)),
    road((0, 0), (0, 1000)),
    road((0, 1000), (2000, 1000), speed=30),
    road((2000, 1000), (2000, 0)),
    road((2000, 0), (5000, 0)),
    road((0, 0), (-500, 0)),
)
PLACES = (
    place("Kanazawa", -400, 0, 400, hub=True),
    place("Minato", 4000, 10, 120),
    place("Oku", 5000, 10, 30),
)
ASSETS = {"ring": at(500, 0), "spur": at(3000, 0), "end": at(4500, 3)}


def closed(roads: RoadGraph) -> dict[str, Closure]:
    return {one.asset_id: one for one in close_each(roads)}


def test_a_detour_is_as_long_as_the_way_around_minus_the_way_over() -> None:
    found = closed(build(RING, ASSETS, PLACES))["ring"]
    # 0,0 → 2000,0 over the bridge: 2000 m; around: 1000 + 2000 + 1000 m, of which 2000 at 30 km/h
    assert found.detour_m == pytest.approx(2000, rel=0.01)
    assert found.detour_min == pytest.approx(1 + 4 + 1 - 2, rel=0.01)
    assert not found.severs
    assert (found.people, found.places) == (0, ())
    assert found.attribute == pytest.approx(4.0, abs=0.1)


def test_beyond_a_road_without_a_way_around_people_are_cut_off() -> None:
    found = closed(build(RING, ASSETS, PLACES))
    assert found["spur"].severs
    assert (found["spur"].people, found["spur"].places) == (150, ("Minato", "Oku"))
    assert found["spur"].road_m == pytest.approx(2000, rel=0.01)
    assert (found["end"].people, found["end"].places) == (30, ("Oku",))
    assert found["end"].road_m == pytest.approx(500, rel=0.01)
    assert found["spur"].attribute == "isolated"


def test_without_places_the_shorter_side_is_cut_off() -> None:
    found = closed(build(RING, ASSETS))["spur"]
    assert found.severs
    assert found.people == 0
    assert found.road_m == pytest.approx(2000, rel=0.01)


def test_the_side_without_a_hub_is_cut_off_however_large_it_is() -> None:
    places = (place("Base", 4900, 0, 1, hub=True), place("Town", 0, 0, 9000))
    found = closed(build(RING, ASSETS, places))["spur"]
    assert (found.people, found.places) == (9000, ("Town",))


def test_a_parallel_road_between_the_same_crossings_is_a_way_around() -> None:
    lines = (
        road((0, 0), (1000, 0)),
        road((0, 0), (500, 300), (1000, 0)),
        road((1000, 0), (2000, 0)),
    )
    found = closed(build(lines, {"B": at(500, 0)}))["B"]
    assert not found.severs
    # the two roads make a loop: who lives on the west bank drives 500 m more to the crossing in the
    # west and over the other road instead of 500 m to the east
    assert found.detour_m == pytest.approx(2 * (500**2 + 300**2) ** 0.5, rel=0.02)


def test_roads_meet_at_shared_points_and_where_one_ends_on_another() -> None:
    through = road((0, 0), (1000, 0), (2000, 0))
    shared = build((through, road((1000, 0), (1000, 500))), {"B": at(1500, 0)}).graph
    ending = build(
        (road((0, 0), (2000, 0)), road((1000, 0.2), (1000, 500))), {"B": at(1500, 0)}
    ).graph
    crossing = build((through, road((1000, -500), (1000, 0), (1000, 500))), {}).graph
    for graph in (shared, ending, crossing):
        assert nx.is_connected(graph)
    over = build((road((0, 0), (2000, 0)), road((1000, -500), (1000, 500))), {}).graph
    assert not nx.is_connected(over)  # a bridge over a road shares no point with it


def test_an_asset_that_a_road_names_lies_on_it_wherever_it_is() -> None:
    lines = (*RING, road((5000, 0), (6000, 0), asset="named"))
    roads = build(lines, {"named": at(0, 9000), "lost": None, "off": at(500, 400)})
    assert "named" in roads.assets
    assert roads.stray["lost"] == float("inf")
    assert roads.stray["off"] == pytest.approx(400, rel=0.01)
    assert build(RING, {"off": at(500, 400)}, within_m=500).stray == {}


def test_a_place_far_from_every_road_is_told() -> None:
    assert build(RING, {}, (place("Hill", 500, 9000),)).far == (0,)


def test_several_closures_at_once_cut_off_more_than_each_alone() -> None:
    roads = build(RING, ASSETS | {"north": at(1000, 1000)}, (*PLACES, place("East", 2000, 500, 70)))
    assert cut_off(roads, ["ring"]).people == 0
    assert cut_off(roads, ["north"]).people == 0
    both = cut_off(roads, ["ring", "north"])
    assert both.people == 220
    assert [p.name for p in both.places] == ["East", "Minato", "Oku"]
    three = cut_off(roads, ["ring", "north", "end"])
    assert three.by_part == ({"East": 70, "Minato": 120}, {"Oku": 30})


def test_who_is_cut_off_needs_a_hub_and_known_assets() -> None:
    with pytest.raises(BadInput, match="no place is a hub"):
        cut_off(build(RING, ASSETS, PLACES[1:]), ["spur"])
    with pytest.raises(BadInput, match="'ghost' lies on no road"):
        cut_off(build(RING, ASSETS, PLACES), ["ghost"])
    with pytest.raises(BadInput, match="at least one road"):
        build((), ASSETS)


GRIDS = st.tuples(st.integers(2, 4), st.integers(2, 4), st.integers(0, 10**6))


def grid(columns: int, rows: int, seed: int) -> tuple[RoadGraph, list[str]]:
    """Draw a grid of roads of which some are missing, with a bridge on each that is left."""
    rng = random.Random(seed)
    nodes = [(i, j) for i in range(columns) for j in range(rows)]
    pairs = [(a, b) for a, b in combinations(nodes, 2) if abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1]
    kept = [pair for pair in pairs if rng.random() < 0.75] or pairs[:1]
    lines = [road(*((x * 1000, y * 1000) for x, y in pair)) for pair in kept]
    middles = {
        f"B{k}": at(500 * (a[0] + b[0]), 500 * (a[1] + b[1])) for k, (a, b) in enumerate(kept)
    }
    places = [place(f"P{i}{j}", i * 1000, j * 1000, rng.randint(1, 99), hub=(i, j) == kept[0][0])
              for i, j in nodes]  # fmt: skip
    return build(lines, middles, places, place_within_m=10), sorted(middles)


@LAW
@given(GRIDS)
def test_an_asset_severs_exactly_when_the_graph_falls_apart(drawn: tuple[int, int, int]) -> None:
    roads, names = grid(*drawn)
    parts = nx.number_connected_components(roads.graph)
    for one in close_each(roads):
        graph = roads.graph.copy()
        graph.remove_edge(*roads.assets[one.asset_id])
        assert one.severs == (nx.number_connected_components(graph) > parts)
        assert one.severs == (one.detour_m is None)
    assert [c.asset_id for c in close_each(roads)] == names


@LAW
@given(GRIDS)
def test_one_by_one_and_all_at_once_agree(drawn: tuple[int, int, int]) -> None:
    roads, _ = grid(*drawn)
    usual = cut_off(roads, []).people
    hub_part = {
        node
        for i, start in roads.places.items()
        if roads.known[i].hub
        for node in nx.node_connected_component(roads.graph, start)
    }
    for one in close_each(roads):
        if roads.assets[one.asset_id][0] in hub_part:
            lost = cut_off(roads, [one.asset_id]).people - usual
            assert lost == pytest.approx(one.people)


@LAW
@given(GRIDS, st.integers(0, 10**6))
def test_closing_more_never_cuts_off_fewer(drawn: tuple[int, int, int], seed: int) -> None:
    roads, names = grid(*drawn)
    rng = random.Random(seed)
    some = rng.sample(names, rng.randint(0, len(names)))
    more = rng.sample(names, rng.randint(0, len(names)))
    assert cut_off(roads, [*some, *more]).people >= cut_off(roads, some).people


def test_times_follow_open_roads_only() -> None:
    roads = build(RING, ASSETS, PLACES)
    start, end = roads.nearest(at(-500, 0)), roads.nearest(at(2000, 0))
    open_way = travel_minutes(roads, [start, end])
    assert open_way[0, 1] == pytest.approx(2.5, rel=0.01)
    assert travel_minutes(roads, [start, end], closed=["ring"])[0, 1] == pytest.approx(
        6.5, rel=0.01
    )
    spur = roads.assets["spur"][1]
    apart = travel_minutes(roads, [start, spur, None], closed=["spur"])
    assert apart[0, 1] == float("inf")
    assert apart[0, 2] == float("inf")
    assert apart[2, 2] == 0.0


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: RoadLine(line_lonlat=((0, 0),), speed_kmh=40), "two points"),
        (lambda: RoadLine(line_lonlat=((0, 0), (1, 1)), speed_kmh=0), "1 to 200"),
        (lambda: Place(name="x", lonlat=(0, 0), people=-1), "cannot have -1 people"),
    ],
)
def test_impossible_roads_and_places_are_refused(make: object, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        make()  # type: ignore[operator]
