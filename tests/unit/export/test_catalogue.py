"""The catalogue: both forms say the same, all that DCAT-AP wants is there, CKAN's shape holds."""

import doctest
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from rdflib import DCTERMS, RDF, XSD, BNode, Graph, Literal, Namespace, URIRef
from rdflib.compare import isomorphic

from inspection.errors import BadCodelist, BadInput
from inspection.export import catalogue as module
from inspection.export.catalogue import (
    DataSet,
    Published,
    Publisher,
    catalogue,
    format_of,
    json_ld,
    turtle,
)
from inspection.export.ckan import find, package

DCAT = Namespace("http://www.w3.org/ns/dcat#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
FOAF = Namespace("http://xmlns.com/foaf/0.1/")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")

# rdflib 7 warns about its own JSON-LD reader
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")

BASE = "https://data.example.jp/"
WHEN = datetime(2026, 11, 25, 22, 15, 30, tzinfo=UTC)
PUBLISHER = Publisher(
    name='石川県 "土木部"', name_en="Ishikawa", uri="https://www.example.jp/", email="a@example.jp"
)
FILE = Published(
    name="assets.csv",
    media_type="text/csv",
    byte_size=994,
    sha256="ab" * 32,
    url=f"{BASE}2026-11/assets.csv",
)
SET = DataSet(
    name="road-structure-inspection-2026-11",
    month="2026-11",
    frozen=True,
    issued=WHEN,
    modified=WHEN,
    bbox=(136.4, 36.4, 136.7, 36.6),
    files=[FILE, replace(FILE, name="opendata.gpkg", url=f"{BASE}2026-11/opendata.gpkg")],
)
CURRENT = replace(SET, name="road-structure-inspection", frozen=False)


@pytest.fixture(scope="module")
def node() -> dict[str, Any]:
    return catalogue([CURRENT, SET], PUBLISHER, base_url=BASE, modified=WHEN)


@pytest.fixture(scope="module")
def graph(node: dict[str, Any]) -> Graph:
    return Graph().parse(data=json_ld(node), format="json-ld")


def test_doctests_hold() -> None:
    assert doctest.testmod(module).failed == 0


def test_json_ld_and_turtle_are_the_same_graph(node: dict[str, Any], graph: Graph) -> None:
    other = Graph().parse(data=turtle(node), format="turtle")
    assert len(other) > 80
    assert isomorphic(graph, other)
    assert not any(isinstance(term, BNode) for triple in other for term in triple)


def test_the_catalogue_has_what_dcat_ap_demands(graph: Graph) -> None:
    (found,) = graph.subjects(RDF.type, DCAT.Catalog)
    for demanded in (DCTERMS.title, DCTERMS.description, DCTERMS.publisher, DCAT.dataset):
        assert list(graph.objects(found, demanded)), demanded
    assert len(list(graph.objects(found, DCAT.dataset))) == 2
    (publisher,) = graph.objects(found, DCTERMS.publisher)
    assert (publisher, RDF.type, FOAF.Agent) in graph
    assert Literal('石川県 "土木部"', lang="ja") in set(graph.objects(publisher, FOAF.name))


@pytest.mark.parametrize(
    "demanded",
    [
        DCTERMS.title,
        DCTERMS.description,
        DCAT.keyword,
        DCAT.theme,
        DCTERMS.publisher,
        DCAT.contactPoint,
        DCTERMS.issued,
        DCTERMS.modified,
        DCTERMS.accrualPeriodicity,
        DCTERMS.spatial,
        DCTERMS.temporal,
        DCTERMS.license,
        DCTERMS.language,
        DCTERMS.conformsTo,
        DCTERMS.provenance,
        DCAT.distribution,
        DCTERMS.identifier,
    ],
)
def test_every_data_set_says_all_of_the_specification(graph: Graph, demanded: URIRef) -> None:
    sets = list(graph.subjects(RDF.type, DCAT.Dataset))
    assert len(sets) == 2
    for one in sets:
        assert list(graph.objects(one, demanded)), f"{one} lacks {demanded}"


def test_titles_exist_once_in_each_language(graph: Graph) -> None:
    for one in graph.subjects(RDF.type, DCAT.Dataset):
        languages = sorted(str(title.language) for title in graph.objects(one, DCTERMS.title))
        assert languages == ["en", "ja"]


def test_every_distribution_can_be_fetched_and_checked(graph: Graph) -> None:
    files = list(graph.subjects(RDF.type, DCAT.Distribution))
    assert len(files) == 4
    for one in files:
        for demanded in (
            DCAT.accessURL,
            DCAT.downloadURL,
            DCAT.mediaType,
            DCTERMS.format,
            DCTERMS.license,
        ):
            (value,) = graph.objects(one, demanded)
            assert isinstance(value, URIRef)
        (size,) = graph.objects(one, DCAT.byteSize)
        assert (size.toPython(), size.datatype) == (994, XSD.nonNegativeInteger)
        (checksum,) = graph.objects(one, SPDX.checksum)
        (digest,) = graph.objects(checksum, SPDX.checksumValue)
        assert digest.datatype == XSD.hexBinary
        assert digest.toPython() == bytes.fromhex("ab" * 32)
        (algorithm,) = graph.objects(checksum, SPDX.algorithm)
        assert str(algorithm).endswith("checksumAlgorithm_sha256")


def test_literals_have_their_types(graph: Graph) -> None:
    for one in graph.subjects(RDF.type, DCAT.Dataset):
        (issued,) = graph.objects(one, DCTERMS.issued)
        assert issued.datatype == XSD.dateTime
        assert issued.toPython() == WHEN
        (temporal,) = graph.objects(one, DCTERMS.temporal)
        (start,), (end,) = (
            graph.objects(temporal, DCAT.startDate),
            graph.objects(temporal, DCAT.endDate),
        )
        assert (start.toPython().isoformat(), end.toPython().isoformat()) == (
            "2026-11-01",
            "2026-12-01",
        )
        (mail,) = graph.objects(next(graph.objects(one, DCAT.contactPoint)), VCARD.hasEmail)
        assert mail == URIRef("mailto:a@example.jp")


def test_december_ends_in_january() -> None:
    node = catalogue([replace(SET, month="2026-12")], PUBLISHER, base_url=BASE, modified=WHEN)
    assert node["dcat:dataset"][0]["dct:temporal"]["dcat:endDate"]["@value"] == "2027-01-01"


def test_a_frozen_month_never_changes_and_the_newest_does(graph: Graph) -> None:
    rhythm = {
        str(one).rpartition("/")[2]: str(next(graph.objects(one, DCTERMS.accrualPeriodicity)))
        for one in graph.subjects(RDF.type, DCAT.Dataset)
    }
    assert rhythm["road-structure-inspection"].endswith("MONTHLY")
    assert rhythm["road-structure-inspection-2026-11"].endswith("NEVER")


def test_without_places_there_is_no_box() -> None:
    node = catalogue([replace(SET, bbox=None)], PUBLISHER, base_url=BASE, modified=WHEN)
    assert "dct:spatial" not in node["dcat:dataset"][0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": " "}, "TENKEN_PUBLISHER_NAME"),
        ({"uri": "javascript:x"}, "TENKEN_PUBLISHER_URI"),
        ({"uri": "https://x.jp/> a <y"}, "TENKEN_PUBLISHER_URI"),
        ({"email": "nobody"}, "TENKEN_PUBLISHER_EMAIL"),
        ({"email": "a@b>\n<c"}, "TENKEN_PUBLISHER_EMAIL"),
    ],
)
def test_nobody_publishes_anonymously(changes: dict[str, str], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        replace(PUBLISHER, **changes)


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(BadCodelist, match="'exe'"):
        format_of("a.exe")


class TestCkan:
    def test_a_package_has_the_fields_that_clients_read(self) -> None:
        found = package(SET, PUBLISHER, base_url=BASE)
        for name in (
            "id",
            "name",
            "title",
            "notes",
            "license_id",
            "license_url",
            "organization",
            "owner_org",
            "metadata_created",
            "metadata_modified",
            "tags",
            "resources",
            "num_resources",
            "num_tags",
            "state",
            "private",
            "type",
            "extras",
        ):
            assert name in found
        assert found["num_resources"] == len(found["resources"]) == 2
        assert found["num_tags"] == len(found["tags"])
        assert json.loads(json.dumps(found)) == found
        (spatial,) = [e["value"] for e in found["extras"] if e["key"] == "spatial"]
        ring = json.loads(spatial)["coordinates"][0]
        assert ring[0] == ring[-1] == [136.4, 36.4]

    def test_a_resource_can_be_fetched_and_checked(self) -> None:
        (first, _) = package(SET, PUBLISHER, base_url=BASE)["resources"]
        assert (first["format"], first["mimetype"], first["size"]) == ("CSV", "text/csv", 994)
        assert first["hash"] == f"sha256:{'ab' * 32}"
        assert first["url"] == FILE.url
        assert first["package_id"] == package(SET, PUBLISHER, base_url=BASE)["id"]

    def test_identifiers_are_stable_and_distinct(self) -> None:
        one, two = (package(s, PUBLISHER, base_url=BASE) for s in (SET, CURRENT))
        assert one == package(SET, PUBLISHER, base_url=BASE)
        ids = {one["id"], two["id"], *(r["id"] for r in (*one["resources"], *two["resources"]))}
        assert len(ids) == 6

    @pytest.mark.parametrize(
        ("text", "count"),
        [
            ("", 2),
            ("*:*", 2),
            ("橋梁", 2),
            ("2026-11", 1),
            ("Bridge geopackage", 2),
            ("gpkg csv", 2),
            ("no such words", 0),
        ],
    )
    def test_every_word_must_be_found(self, text: str, count: int) -> None:
        packages = [package(s, PUBLISHER, base_url=BASE) for s in (CURRENT, SET)]
        assert find(packages, text=text, start=0, rows=10)["count"] == count

    def test_pages(self) -> None:
        packages = [package(s, PUBLISHER, base_url=BASE) for s in (CURRENT, SET)]
        page = find(packages, text="", start=1, rows=1)
        assert (page["count"], [p["name"] for p in page["results"]]) == (2, [SET.name])
        assert find(packages, text="", start=0, rows=0)["results"] == []
