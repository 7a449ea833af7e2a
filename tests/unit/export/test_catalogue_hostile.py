"""The catalogue under stress: odd names, no files, time zones, ends of years, CKAN's shape."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib import DCTERMS, RDF, XSD, Graph, Literal, Namespace, URIRef
from rdflib.compare import isomorphic

from inspection.codelists.codelist import load_codelist
from inspection.errors import BadCodelist, BadInput
from inspection.export.catalogue import (
    CATALOGUE,
    DataSet,
    Published,
    Publisher,
    catalogue,
    check_address,
    file_title,
    format_of,
    json_ld,
    title_of,
    turtle,
)
from inspection.export.ckan import find, package

DCAT = Namespace("http://www.w3.org/ns/dcat#")
FOAF = Namespace("http://xmlns.com/foaf/0.1/")
SPDX = Namespace("http://spdx.org/rdf/terms#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
BASE = "https://data.example.jp/"
WHEN = datetime(2026, 5, 1, 0, 30, tzinfo=UTC)

# rdflib 7 warns about its own JSON-LD reader
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")


def publisher(**changes: str) -> Publisher:
    values = {"name": "石川県", "name_en": "Ishikawa", "uri": "https://www.example.jp/"}
    return Publisher(**{**values, "email": "a@example.jp", **changes})


def file(name: str = "assets.csv", **changes: Any) -> Published:
    values: dict[str, Any] = {"media_type": "text/csv; charset=shift_jis", "byte_size": 3}
    values |= {"sha256": "0a" * 32, "url": f"{BASE}2026-05/{name}"}
    return Published(name=name, **{**values, **changes})


def data_set(**changes: Any) -> DataSet:
    values: dict[str, Any] = {
        "name": "set-2026-05",
        "month": "2026-05",
        "frozen": True,
        "issued": WHEN,
        "modified": WHEN,
        "bbox": (136.4, 36.4, 136.7, 36.6),
        "files": [file()],
    }
    return DataSet(**{**values, **changes})


def both(sets: list[DataSet], who: Publisher | None = None, modified: datetime = WHEN) -> Any:
    """Read both forms, see that they are one graph, and give it."""
    node = catalogue(sets, who or publisher(), base_url=BASE, modified=modified)
    as_json = Graph().parse(data=json_ld(node), format="json-ld")
    as_turtle = Graph().parse(data=turtle(node), format="turtle")
    assert isomorphic(as_json, as_turtle)
    return as_turtle


@pytest.mark.parametrize(
    "sets",
    [[], [data_set(files=[])], [data_set(bbox=None)], [data_set(files=[], bbox=None)]],
    ids=["no sets", "no files", "no places", "neither"],
)
def test_what_is_not_there_is_not_said_in_either_form(sets: list[DataSet]) -> None:
    graph = both(sets)
    assert len(list(graph.subjects(RDF.type, DCAT.Dataset))) == len(sets)
    spatial = [one for one in sets if one.bbox is not None]
    assert len(list(graph.triples((None, DCTERMS.spatial, None)))) == len(spatial)
    files = sum(len(one.files) for one in sets)
    assert len(list(graph.subjects(RDF.type, DCAT.Distribution))) == files


HOSTILE = (
    'a "quoted" name', "back\\slash", "line\nbreak", "tab\tand\rreturn", "<b>&amp;</b>",
    "'single' \"\"\"triple\"\"\"", "末尾の円記号¥\\", "𠮷野家 😀", "\x07bell \x7f",
    "@ja ^^xsd:string", "null\x00inside", "ｶﾅ　全角空白",
)  # fmt: skip


@pytest.mark.parametrize("words", HOSTILE)
def test_a_name_is_read_back_as_it_was_written(words: str) -> None:
    graph = both([data_set()], publisher(name=words, name_en=words))
    names = set(graph.objects(URIRef("https://www.example.jp/"), FOAF.name))
    assert names == {Literal(words, lang="ja"), Literal(words, lang="en")}


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    name=st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(str.strip),
    count=st.integers(0, 4),
    frozen=st.booleans(),
    size=st.integers(0, 10**12),
)
def test_both_forms_say_the_same_whatever_is_published(
    name: str, count: int, frozen: bool, size: int
) -> None:
    names = ["assets.csv", "opendata.gpkg", "figures.json", "meshes.geojson"][:count]
    files = [file(one, byte_size=size) for one in names]
    graph = both([data_set(frozen=frozen, files=files)], publisher(name=name))
    sizes = [int(str(value)) for value in graph.objects(None, DCAT.byteSize)]
    assert sizes == [size] * count
    found = {str(value) for value in graph.objects(None, DCAT.downloadURL)}
    assert found == {one.url for one in files}


class TestPublisher:
    @pytest.mark.parametrize("name", ["", " ", "\t\n", "\u3000"])
    def test_it_has_a_name(self, name: str) -> None:
        with pytest.raises(BadInput, match="set TENKEN_PUBLISHER_NAME"):
            publisher(name=name)

    @pytest.mark.parametrize(
        "email",
        [
            "", "a", "a b@example.jp", "a<b@example.jp", 'a"b@example.jp', "a@example.jp\n",
            "a{b@example.jp", "a}b@example.jp", "a|b@example.jp", "a\\b@example.jp",
            "a^b@example.jp", "a`b@example.jp", "a\tb@example.jp", "a@example.jp\x00",
            "a\u3000b@example.jp", "a\u2028b@example.jp",
        ],
    )  # fmt: skip
    def test_an_address_that_would_break_the_turtle_is_refused(self, email: str) -> None:
        """Turtle 1.1 §6.5 [18]: an IRI holds none of ``<>"{}|^`\\`` and no controls or blanks."""
        with pytest.raises(BadInput, match="TENKEN_PUBLISHER_EMAIL must be an e-mail address"):
            publisher(email=email)

    @pytest.mark.parametrize(
        "email", ["a@example.jp", "a+b.c_d@sub.example.jp", "o'neil@example.jp", "橋@例え.jp"]
    )
    def test_other_addresses_stand_in_both_forms(self, email: str) -> None:
        graph = both([data_set()], publisher(email=email))
        assert list(graph.objects(None, VCARD.hasEmail)) == [URIRef(f"mailto:{email}")]

    @pytest.mark.parametrize(
        "uri",
        ["", "www.example.jp", "ftp://example.jp", "https://", "https://a b", "https://a>b",
         "https://a\nb", "https://a{b}", "https://a|b", "javascript:alert(1)", "https://a\\b"],
    )  # fmt: skip
    def test_an_address_of_the_web_is_one(self, uri: str) -> None:
        with pytest.raises(BadInput, match=r"TENKEN_PUBLISHER_URI must be a web address"):
            publisher(uri=uri)
        with pytest.raises(BadInput, match=r"base must be a web address such as https"):
            check_address("base", uri)

    def test_no_english_name_leaves_only_the_japanese_one(self) -> None:
        graph = both([data_set()], publisher(name_en=""))
        assert list(graph.objects(None, FOAF.name)) == [Literal("石川県", lang="ja")]


class TestTimes:
    @pytest.mark.parametrize(
        ("moment", "utc"),
        [
            (WHEN, "2026-05-01T00:30:00Z"),
            (WHEN.astimezone(timezone(timedelta(hours=9))), "2026-05-01T00:30:00Z"),
            (datetime.fromisoformat("2026-05-01T09:30:00+09:00"), "2026-05-01T00:30:00Z"),
            (datetime.fromisoformat("2026-04-30T19:30:00-05:00"), "2026-05-01T00:30:00Z"),
            (datetime.fromisoformat("2027-01-01T05:00:00.999+09:00"), "2026-12-31T20:00:00Z"),
        ],
    )
    def test_a_moment_is_the_same_moment_in_every_zone(self, moment: datetime, utc: str) -> None:
        graph = both([data_set(issued=moment, modified=moment)], modified=moment)
        said = {value.toPython() for value in graph.objects(None, DCTERMS.issued)}
        said |= {value.toPython() for value in graph.objects(None, DCTERMS.modified)}
        assert said == {datetime.fromisoformat(utc)}
        made = package(
            data_set(issued=moment, modified=moment), publisher(), base_url=BASE
        )  # CKAN's times are UTC without a zone
        assert made["metadata_created"] == made["metadata_modified"] == utc.removesuffix("Z")
        assert made["resources"][0]["created"] == utc.removesuffix("Z")

    @pytest.mark.parametrize(
        ("month", "start", "end"),
        [
            ("2026-05", date(2026, 5, 1), date(2026, 6, 1)),
            ("2026-12", date(2026, 12, 1), date(2027, 1, 1)),
            ("2099-12", date(2099, 12, 1), date(2100, 1, 1)),
            ("2024-02", date(2024, 2, 1), date(2024, 3, 1)),
            ("2026-01", date(2026, 1, 1), date(2026, 2, 1)),
            ("2026-09", date(2026, 9, 1), date(2026, 10, 1)),
        ],
    )
    def test_a_month_ends_where_the_next_begins(self, month: str, start: date, end: date) -> None:
        graph = both([data_set(month=month)])
        assert [v.toPython() for v in graph.objects(None, DCAT.startDate)] == [start]
        assert [v.toPython() for v in graph.objects(None, DCAT.endDate)] == [end]


@settings(max_examples=8, deadline=None, derandomize=True)
@given(st.floats(122, 154), st.floats(20, 46), st.floats(0, 5), st.floats(0, 5))
def test_the_box_is_a_polygon_around_the_places(
    west: float, south: float, wide: float, high: float
) -> None:
    box = (west, south, west + wide, south + high)
    (text,) = both([data_set(bbox=box)]).objects(None, DCAT.bbox)
    assert text.datatype == URIRef("http://www.opengis.net/ont/geosparql#wktLiteral")
    assert shapely.from_wkt(str(text)).bounds == pytest.approx(box, abs=6e-6)
    extras = package(data_set(bbox=box), publisher(), base_url=BASE)["extras"]
    (spatial,) = [json.loads(one["value"]) for one in extras if one["key"] == "spatial"]
    assert shapely.geometry.shape(spatial).bounds == pytest.approx(box, abs=1e-9)


def test_a_file_is_described_as_it_is() -> None:
    graph = both([data_set(files=[file("assets_cp932.csv", byte_size=994)])])
    (one,) = graph.subjects(RDF.type, DCAT.Distribution)
    assert list(graph.objects(one, DCAT.mediaType)) == [
        URIRef("https://www.iana.org/assignments/media-types/text/csv")
    ]
    (checksum,) = graph.objects(one, SPDX.checksum)
    (value,) = graph.objects(checksum, SPDX.checksumValue)
    assert (str(value), value.datatype) == ("0a" * 32, XSD.hexBinary)
    titles = {t.language: str(t) for t in graph.objects(one, DCTERMS.title)}
    assert titles == {"ja": "施設（CSV、Shift_JIS）", "en": "Assets (CSV, Shift_JIS)"}


@pytest.mark.parametrize("name", ["a.exe", "noending", "", "a.CSV", "a.csv.gz"])
def test_an_unknown_format_is_named(name: str) -> None:
    with pytest.raises(BadCodelist, match="knows no format"):
        format_of(name)


def test_every_file_that_open_data_has_is_known_in_both_languages() -> None:
    for name in load_codelist(CATALOGUE)["files"]:
        assert format_of(name)["uri"].startswith("http://publications.europa.eu/")
        ja, en = file_title(name, "ja"), file_title(name, "en")
        assert ja != en
        assert en.isascii()
        assert name not in (ja, en)
    assert file_title("other.csv", "ja") == "other.csv"


def test_only_a_frozen_set_carries_its_month_in_its_title() -> None:
    for language in ("ja", "en"):
        assert title_of(data_set(), language).endswith(" 2026-05")
        assert "2026" not in title_of(data_set(frozen=False), language)


class TestCkan:
    def packages(self) -> list[dict[str, Any]]:
        sets = [data_set(name=f"set-2026-{n:02}", month=f"2026-{n:02}") for n in range(1, 8)]
        return [package(one, publisher(), base_url=BASE) for one in sets]

    @pytest.mark.parametrize(
        ("text", "count"),
        [
            ("", 7), ("*:*", 7), ("  ", 7), ("2026-03", 1), ("橋梁", 7), ("BRIDGE", 7),
            ("bridge 2026-07", 1), ("bridge zebra", 0), ("csv", 7), ("CSV Assets", 7),
            ("assets.csv", 7), ("2026-03 2026-04", 0),
        ],
    )  # fmt: skip
    def test_every_word_must_be_found(self, text: str, count: int) -> None:
        assert find(self.packages(), text=text, start=0, rows=100)["count"] == count

    @pytest.mark.parametrize(
        ("start", "rows", "shown"), [(0, 3, 3), (5, 3, 2), (7, 3, 0), (99, 1, 0), (0, 0, 0)]
    )
    def test_pages_cut_the_results_and_not_the_count(
        self, start: int, rows: int, shown: int
    ) -> None:
        found = find(self.packages(), text="", start=start, rows=rows)
        assert (found["count"], len(found["results"])) == (7, shown)

    def test_pages_together_are_everything_once(self) -> None:
        packages = self.packages()
        pages = [find(packages, text="", start=n, rows=2)["results"] for n in (0, 2, 4, 6)]
        assert [one["id"] for page in pages for one in page] == [one["id"] for one in packages]

    def test_identifiers_are_lasting_and_tell_sets_and_files_apart(self) -> None:
        one = package(data_set(files=[file(), file("a.json")]), publisher(), base_url=BASE)
        again = package(
            data_set(files=[file(), file("a.json")]), publisher(), base_url="https://x/"
        )
        other = package(data_set(name="b"), publisher(), base_url=BASE)
        assert one["id"] == again["id"] != other["id"]
        ids = [one["id"], other["id"], *(r["id"] for r in one["resources"] + other["resources"])]
        assert len(set(ids)) == len(ids)
        assert [r["position"] for r in one["resources"]] == [0, 1]
        assert {r["package_id"] for r in one["resources"]} == {one["id"]}
        assert one["num_resources"] == 2
        assert one["num_tags"] == len(one["tags"])
        assert one["resources"][0]["mimetype"] == "text/csv"
        assert one["resources"][0]["hash"] == f"sha256:{'0a' * 32}"
        assert json.loads(json.dumps(one, allow_nan=False)) == one
