"""OGC API – Features: what Part 1 and Part 2 demand of a server."""

from typing import Any
from urllib.parse import urlsplit

import pytest
import shapely
from fastapi.testclient import TestClient

from api.crs import CRS84, EPSG_URI
from inspection.geo.frames import to_crs
from tests.support.seed import LEFT_M, TOP_M, Seeded

PLANE7 = EPSG_URI + "6675"
ITEMS = "/collections/defects/items"


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [feature["id"] for feature in answer.json()["features"]]


def follow(client: TestClient, path: str | None) -> list[dict[str, Any]]:
    """Collect all pages by their next links."""
    pages = []
    while path is not None:
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        links = {link["rel"]: link["href"] for link in pages[-1]["links"]}
        following = links.get("next")
        path = None if following is None else "{0.path}?{0.query}".format(urlsplit(following))
        assert len(pages) < 50
    return pages


def test_the_landing_page_leads_to_everything(client: TestClient) -> None:
    landing = client.get("/", headers={"accept": "application/json"}).json()
    links = {link["rel"]: link for link in landing["links"]}
    assert {"self", "service-desc", "conformance", "data"} <= set(links)
    for link in links.values():
        assert client.get(link["href"]).status_code == 200
    assert client.get(links["service-desc"]["href"]).json()["openapi"].startswith("3.")


def test_a_browser_gets_the_pages_and_a_program_the_links(client: TestClient) -> None:
    browser = client.get("/", headers={"accept": "text/html,*/*;q=0.8"})
    assert browser.headers["content-type"].startswith("text/html")
    assert "make web" in browser.text
    for headers in ({"accept": "application/json"}, {"accept": "*/*"}):
        assert "links" in client.get("/", headers=headers).json()
    assert "links" in client.get("/?f=json", headers={"accept": "text/html"}).json()


def test_conformance_names_only_what_holds(client: TestClient) -> None:
    names = client.get("/conformance").json()["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in names
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson" in names
    assert "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs" in names
    assert not [name for name in names if "html" in name or "filter" in name]


def test_collections_say_what_they_hold_and_where(client: TestClient) -> None:
    listed = client.get("/collections").json()
    assert [row["id"] for row in listed["collections"]] == ["defects", "surveys"]
    for row in listed["collections"]:
        alone = client.get(f"/collections/{row['id']}").json()
        assert alone == row
        assert row["crs"] == [CRS84, PLANE7]
        assert row["storageCrs"] == CRS84
        ((west, south, east, north),) = row["extent"]["spatial"]["bbox"]
        assert 136.62 < west < east < 136.63 and 36.59 < south < north < 36.60
        assert {link["rel"] for link in row["links"]} == {"self", "items"}
    assert client.get("/collections/bridges").status_code == 404
    assert client.get("/collections/bridges/items").status_code == 404


def test_only_what_is_tied_to_the_earth_is_a_feature(client: TestClient, seeded: Seeded) -> None:
    found = ids(client.get(ITEMS))
    assert sorted(found) == sorted(str(defect.defect_id) for defect in seeded.mapped.defects)
    local = seeded.local.defects[0].defect_id
    answer = client.get(f"{ITEMS}/{local}")
    assert answer.status_code == 404
    assert f"/api/defects/{local}" in answer.json()["detail"]
    assert ids(client.get(f"{ITEMS}?survey_id={seeded.local.survey_id}")) == []
    assert ids(client.get("/collections/surveys/items")) == [str(seeded.mapped.survey_id)]
    assert client.get(f"/collections/surveys/items/{seeded.local.survey_id}").status_code == 404


def test_the_answer_is_geojson_in_crs84_with_counts_and_time(client: TestClient) -> None:
    answer = client.get(ITEMS)
    assert answer.headers["content-type"] == "application/geo+json"
    assert answer.headers["content-crs"] == f"<{CRS84}>"
    collection = answer.json()
    assert collection["type"] == "FeatureCollection"
    assert collection["numberMatched"] == collection["numberReturned"] == 4
    assert collection["timeStamp"] == "2026-05-02T09:30:00+00:00"
    for feature in collection["features"]:
        shape = shapely.geometry.shape(feature["geometry"])
        assert shape.geom_type == "MultiPolygon" and shape.is_valid
        lon, lat = feature["properties"]["lon"], feature["properties"]["lat"]
        assert shape.distance(shapely.Point(lon, lat)) < 1e-7
        assert 136.62 < lon < 136.63 and 36.59 < lat < 36.60


def test_numbers_below_the_limit_are_null_with_the_limit_beside(client: TestClient) -> None:
    rows = [feature["properties"] for feature in client.get(ITEMS).json()["features"]]
    below = [row for row in rows if row["width_below_mm"] is not None]
    assert [(row["width_mm"], row["width_u_mm"], row["width_below_mm"]) for row in below] == [
        (None, None, 3.0)
    ]
    assert {row["class"] for row in rows} == {"crack", "spall"}
    assert all(row["changed_at"] and row["surveyed_at"] for row in rows)


def test_pages_are_linked_both_ways_and_lose_nothing(client: TestClient) -> None:
    whole = ids(client.get(ITEMS))
    pages = follow(client, f"{ITEMS}?limit=3")
    assert [page["numberReturned"] for page in pages] == [3, 1]
    assert all(page["numberMatched"] == 4 for page in pages)
    assert [feature["id"] for page in pages for feature in page["features"]] == whole
    rels = [{link["rel"] for link in page["links"]} for page in pages]
    assert rels == [{"self", "next"}, {"self", "prev"}]
    previous = next(link["href"] for link in pages[1]["links"] if link["rel"] == "prev")
    assert client.get(previous).json()["features"] == pages[0]["features"]


def test_links_keep_the_filters(client: TestClient) -> None:
    pages = follow(client, f"{ITEMS}?limit=1&class=crack&state=candidate&crs={PLANE7}")
    assert len(pages) == 3
    classes = {f["properties"]["class"] for page in pages for f in page["features"]}
    assert classes == {"crack"}
    first = pages[2]["features"][0]["geometry"]["coordinates"][0][0][0]
    assert 66_000 < first[0] < 66_200


def test_a_huge_limit_is_cut_and_not_an_error(client: TestClient) -> None:
    assert len(ids(client.get(f"{ITEMS}?limit=1000000"))) == 4
    assert ids(client.get(f"{ITEMS}?offset=99")) == []


def test_the_box_chooses_by_what_it_touches(client: TestClient, seeded: Seeded) -> None:
    spall = seeded.mapped.defects[3]
    x, y = spall.latest.anchor_surface_m
    (sw, ne) = to_crs([[x - 0.01, y - 0.01], [x + 0.01, y + 0.01]], "EPSG:6675", "EPSG:4326")
    box = f"{sw[0]},{sw[1]},{ne[0]},{ne[1]}"
    assert ids(client.get(f"{ITEMS}?bbox={box}")) == [str(spall.defect_id)]
    plane = f"{y - 0.01},{x - 0.01},{y + 0.01},{x + 0.01}"  # north first
    assert ids(client.get(f"{ITEMS}?bbox={plane}&bbox-crs={PLANE7}")) == [str(spall.defect_id)]
    assert ids(client.get(f"{ITEMS}?bbox=0,0,1,1")) == []
    assert len(ids(client.get(f"{ITEMS}?bbox=-180,-90,180,90"))) == 4
    assert len(ids(client.get(f"{ITEMS}?bbox=136,36,0,137,37,99"))) == 4
    assert len(ids(client.get(f"{ITEMS}?bbox=136,36,-170,37"))) == 4  # over the antimeridian


def test_coordinates_come_in_the_frame_that_was_asked_for(
    client: TestClient, seeded: Seeded
) -> None:
    spall = seeded.mapped.defects[3]
    answer = client.get(f"{ITEMS}/{spall.defect_id}?crs={PLANE7}")
    assert answer.headers["content-crs"] == f"<{PLANE7}>"
    north, east = answer.json()["geometry"]["coordinates"][0][0][0]
    assert TOP_M - 2 < north < TOP_M and LEFT_M < east < LEFT_M + 3
    swapped = shapely.Polygon([(e, n) for n, e in answer.json()["geometry"]["coordinates"][0][0]])
    assert swapped.symmetric_difference(spall.latest.outline_surface_m).area < 1e-9


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("datetime=2026-04-01T03:00:00Z", 4),
        ("datetime=2026-04-01", 4),
        ("datetime=2026-04-02T00:00:00Z/..", 0),
        ("datetime=../2026-03-31T23:59:59Z", 0),
        ("datetime=2026-04-01T00:00:00Z/2026-04-01T04:00:00Z", 4),
        ("asset_id=bridge-12", 4),
        ("asset_id=quay-3", 0),
        ("class=spall", 1),
        ("class=spall&class=crack", 4),
        ("state=rejected", 0),
    ],
)
def test_filters_choose(client: TestClient, query: str, count: int) -> None:
    assert len(ids(client.get(f"{ITEMS}?{query}"))) == count


@pytest.mark.parametrize(
    "query",
    [
        "bbox=1,2,3",
        "bbox=a,b,c,d",
        "bbox=0,10,1,5",
        "crs=EPSG:6675",
        f"crs={EPSG_URI}32654",
        "bbox=0,0,1,1&bbox-crs=http://example.org/crs",
        "datetime=soon",
        "limit=0",
        "limit=ten",
        "offset=-1",
        "class=dragon",
        "state=open",
        "survey_id=7",
        "f=xml",
        "colour=red",
        "Bbox=0,0,1,1",
    ],
)
def test_what_cannot_be_understood_is_answered_with_400(client: TestClient, query: str) -> None:
    answer = client.get(f"{ITEMS}?{query}")
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_one_feature_links_to_its_collection(client: TestClient, seeded: Seeded) -> None:
    defect = seeded.mapped.defects[0]
    feature = client.get(f"{ITEMS}/{defect.defect_id}").json()
    assert feature["id"] == str(defect.defect_id)
    links = {link["rel"]: link["href"] for link in feature["links"]}
    assert client.get(links["self"]).json()["id"] == feature["id"]
    assert client.get(links["collection"]).json()["id"] == "defects"


def test_a_survey_is_a_footprint(client: TestClient, seeded: Seeded) -> None:
    path = f"/collections/surveys/items/{seeded.mapped.survey_id}"
    ring = client.get(f"{path}?crs={PLANE7}").json()["geometry"]["coordinates"][0]
    assert {tuple(round(v, 6) for v in point) for point in ring} == {
        (TOP_M, LEFT_M),
        (TOP_M, LEFT_M + 3.0),
        (TOP_M - 1.8, LEFT_M + 3.0),
        (TOP_M - 1.8, LEFT_M),
    }
    base = "/collections/surveys/items"
    assert len(ids(client.get(f"{base}?bbox=136,36,137,37&asset_id=bridge-12"))) == 1
    assert ids(client.get(f"{base}?bbox=0,0,1,1")) == []
    assert ids(client.get(f"{base}?datetime=2027-01-01/..")) == []
    assert ids(client.get(f"{base}?asset_id=other")) == []


def test_a_decision_moves_a_defect_in_time(client: TestClient, seeded: Seeded) -> None:
    defect_id = seeded.mapped.defects[0].defect_id
    client.post(
        f"/api/defects/{defect_id}/verdicts",
        json={"action": "confirm", "reviewer": "Y", "expected_version": 1},
    )
    assert ids(client.get(f"{ITEMS}?datetime=2026-05-01/..")) == [str(defect_id)]
    assert ids(client.get(f"{ITEMS}?state=confirmed")) == [str(defect_id)]
