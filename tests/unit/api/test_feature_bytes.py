"""Answers of the feature collections, byte for byte as plain steps over whole objects make them."""

from typing import Any
from urllib.parse import parse_qs

import pytest
import shapely
from fastapi.testclient import TestClient

from api.crs import CRS84, EPSG_URI
from api.deps import Services
from inspection.domain.defect import ReviewState
from inspection.domain.taxonomy import DamageClass
from inspection.store import defects, orthomosaics, surveys
from inspection.store.engine import reading, writing
from inspection.store.page import LIMIT_MAX
from inspection.store.search import Search
from tests.support.feature_truth import (
    plain_text,
    true_collection,
    true_feature,
    true_features,
)
from tests.support.records import make_defect, make_mosaic, make_observation, make_survey
from tests.support.seed import Seeded

ITEMS = "/collections/defects/items"
PLANE7 = EPSG_URI + "6675"
EARTH = (-180.0, -90.0, 180.0, 90.0)
ARCTIC, ANTARCTIC = "EPSG:3413", "EPSG:3031"
"""Each polar map has no coordinates for the pole of the other one."""


def as_search(query: str) -> tuple[Search, str, dict[str, int]]:
    """Read a query of these tests: what is wanted, in which CRS, which page."""
    sent = parse_qs(query)
    box = tuple(map(float, sent["bbox"][0].split(","))) if "bbox" in sent else EARTH
    west, south, east, north = box
    wanted = Search(
        bbox_lonlat=(west, south, east, north),
        asset_id=sent.get("asset_id", [None])[0],
        classes=[DamageClass(code) for code in sent.get("class", [])],
        states=[ReviewState(code) for code in sent.get("state", [])],
    )
    page = {name: int(sent[name][0]) for name in ("limit", "offset") if name in sent}
    return wanted, sent.get("crs", [CRS84])[0], {"limit": 100, **page}


@pytest.mark.parametrize(
    "query",
    [
        "",
        f"crs={PLANE7}",
        "limit=2",
        "limit=2&offset=2",
        f"limit=1&offset=1&crs={PLANE7}",
        "limit=3&offset=3",
        "limit=3&offset=99",
        "limit=1000",
        "bbox=136.62,36.59,136.63,36.6",
        "bbox=0,0,1,1",
        "class=spall",
        f"class=crack&class=spall&state=candidate&limit=3&crs={PLANE7}",
        "state=rejected",
        "asset_id=quay-3",
    ],
)
def test_a_page_is_the_same_to_the_last_byte(
    client: TestClient, services: Services, query: str
) -> None:
    answer = client.get(f"{ITEMS}?{query}")
    wanted, crs_uri, page = as_search(query)
    with reading(services.engine) as connection:
        features = true_features(connection, crs_uri, wanted, **page)
        every = true_features(connection, crs_uri, wanted, limit=LIMIT_MAX)
    true = true_collection(features, matched=len(every), said=answer.json())
    assert answer.content == true
    assert answer.headers["content-length"] == str(len(true))
    assert answer.headers["content-type"] == "application/geo+json"
    assert answer.headers["content-crs"] == f"<{crs_uri}>"


def test_one_feature_is_the_same_to_the_last_byte(
    client: TestClient, services: Services, seeded: Seeded
) -> None:
    for made in seeded.mapped.defects:
        for crs_uri in (CRS84, PLANE7):
            answer = client.get(f"{ITEMS}/{made.defect_id}?crs={crs_uri}")
            with reading(services.engine) as connection:
                defect = defects.by_id(connection, made.defect_id)
                feature = true_feature(connection, defect, crs_uri)
            links: Any = answer.json()["links"]
            assert [link["rel"] for link in links] == ["self", "collection"]
            assert answer.text == plain_text({**feature, "links": links})


def test_footprints_are_written_in_the_same_way(client: TestClient, seeded: Seeded) -> None:
    answer = client.get(f"/collections/surveys/items?crs={PLANE7}")
    assert answer.text == plain_text(answer.json())
    (feature,) = answer.json()["features"]
    assert list(answer.json()) == [
        "type", "features", "numberMatched", "numberReturned", "timeStamp", "links",
    ]  # fmt: skip
    single = client.get(f"/collections/surveys/items/{seeded.mapped.survey_id}?crs={PLANE7}")
    assert single.text == plain_text({**feature, "links": single.json()["links"]})
    assert list(feature) == ["type", "id", "geometry", "properties"]


def test_what_a_crs_has_no_coordinates_for_is_refused_and_not_a_fault(
    client: TestClient, services: Services, seeded: Seeded
) -> None:
    at_the_pole = {"outline_surface_m": shapely.box(0, 0, 1, 1), "anchor_surface_m": (0.0, 0.0)}
    with writing(services.engine) as connection:
        for number, crs in enumerate((ARCTIC, ANTARCTIC), start=5):
            survey = make_survey(number, seeded.mapped.asset_id, map_crs=crs)
            surveys.save(connection, survey)
            orthomosaics.save(connection, mosaic := make_mosaic(survey, number, crs))
            if crs == ARCTIC:
                seen = make_observation(mosaic, 1, **at_the_pole, anchor_lonlat=(0.0, 90.0))
                pole = make_defect(seen, seeded.mapped.asset_id)
                defects.save(connection, [pole], now=survey.created_at)
    opposite = f"crs={EPSG_URI}{ANTARCTIC.removeprefix('EPSG:')}"
    for path in (f"{ITEMS}?", f"{ITEMS}?bbox=0,89,1,90&", f"{ITEMS}/{pole.defect_id}?"):
        answer = client.get(path + opposite)
        assert answer.status_code == 400, answer.text
        assert "has no coordinates; ask for" in answer.json()["detail"]
        assert client.get(path).status_code == 200
    assert client.get(f"{ITEMS}?bbox=136,36,137,37&{opposite}").status_code == 200
