"""Describe open data for machines: DCAT 3 as JSON-LD and Turtle.

Both forms are written from the same nodes, so that they say the same.

Source: W3C DCAT 3 (2024), DCAT-AP 3.0; domain specification §7.6.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from inspection.codelists.codelist import load_codelist
from inspection.errors import BadCodelist, BadInput

CATALOGUE = "open_data_catalogue"

CONTEXT = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "locn": "http://www.w3.org/ns/locn#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
"""Prefixes of both forms."""

Node = dict[str, Any]


_NO_IRI = r"\s\x00-\x20\x7f<>\"{}|\\^`"
"""What an IRI of Turtle cannot hold. Source: W3C, Turtle 1.1, §6.5 rule 18."""

_ADDRESS = re.compile(rf"https?://[^{_NO_IRI}]+")
_EMAIL = re.compile(rf"[^{_NO_IRI}]*@[^{_NO_IRI}]*")


def check_address(name: str, address: str) -> str:
    """Give a web address back when it can stand in both forms of a catalogue.

    Raises:
        BadInput: when it is none.

    >>> check_address("base", "https://data.example.jp/")
    'https://data.example.jp/'
    """
    if _ADDRESS.fullmatch(address) is None:
        raise BadInput(f"{name} must be a web address such as https://…/, got {address!r}")
    return address


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Name who publishes.

    Attributes:
        name: of the owner, such as 石川県.
        name_en: in English; empty to leave it out.
        uri: that identifies the owner.
        email: where questions go.
    """

    name: str
    name_en: str
    uri: str
    email: str

    def __post_init__(self) -> None:
        """Check that a catalogue can name the owner."""
        if not self.name.strip():
            raise BadInput(
                "a catalogue names who publishes; set TENKEN_PUBLISHER_NAME (and _URI, _EMAIL)"
            )
        check_address("TENKEN_PUBLISHER_URI", self.uri)
        if _EMAIL.fullmatch(self.email) is None:
            raise BadInput(f"TENKEN_PUBLISHER_EMAIL must be an e-mail address, got {self.email!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Describe one file that can be downloaded."""

    name: str
    media_type: str
    byte_size: int
    sha256: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """Describe one data set.

    Attributes:
        name: identifier in addresses.
        month: that it shows.
        frozen: it never changes.
        issued: when the first version came out.
        modified: when this version came out.
        bbox: west, south, east, north of its places, degrees; None without any.
        files: what can be downloaded.
    """

    name: str
    month: str
    frozen: bool
    issued: datetime
    modified: datetime
    bbox: tuple[float, float, float, float] | None
    files: Sequence[Published]


def catalogue(
    sets: Sequence[DataSet], publisher: Publisher, *, base_url: str, modified: datetime
) -> Node:
    """Describe data sets as a DCAT catalogue in JSON-LD.

    Args:
        sets: the data sets.
        publisher: who publishes.
        base_url: of the service, with a slash at its end.
        modified: when something changed last.
    """
    words = load_codelist(CATALOGUE).fields
    return {
        "@context": CONTEXT,
        "@id": f"{base_url}catalog",
        "@type": "dcat:Catalog",
        "dct:title": _texts(words["title"]),
        "dct:description": _texts(words["description"]),
        "dct:publisher": _agent(publisher),
        "dct:language": [_link(uri) for uri in words["languages"]],
        "dct:license": _link(words["licence"]["url"]),
        "dct:modified": _moment(modified),
        "foaf:homepage": _link(base_url),
        "dcat:themeTaxonomy": _link("http://publications.europa.eu/resource/authority/data-theme"),
        "dcat:dataset": [_dataset(one, publisher, base_url, words) for one in sets],
    }


def json_ld(node: Node) -> str:
    """Write a node as JSON-LD."""
    return json.dumps(node, ensure_ascii=False, indent=1) + "\n"


def turtle(node: Node) -> str:
    """Write a node as Turtle; it says what its JSON-LD says.

    >>> print(turtle({"@context": {}, "@id": "http://a/b", "@type": "dcat:Catalog"}))
    <http://a/b> a dcat:Catalog .
    <BLANKLINE>
    """
    prefixes = "".join(f"@prefix {name}: <{uri}> .\n" for name, uri in node["@context"].items())
    statements: list[str] = []
    _state(node, statements)
    return (prefixes + "\n" if prefixes else "") + "\n".join(statements) + "\n"


def title_of(one: DataSet, language: str) -> str:
    """Name a data set for people."""
    words = load_codelist(CATALOGUE).fields["title"][language]
    return f"{words} {one.month}" if one.frozen else str(words)


def format_of(name: str) -> Mapping[str, str]:
    """Describe the format of a file by the end of its name.

    Raises:
        BadCodelist: when the code-list does not know it.
    """
    formats = load_codelist(CATALOGUE)["formats"]
    suffix = name.rpartition(".")[2]
    if suffix not in formats:
        raise BadCodelist(f"code-list {CATALOGUE!r} knows no format {suffix!r}")
    found: Mapping[str, str] = formats[suffix]
    return found


def file_title(name: str, language: str) -> str:
    """Name a file for people."""
    files = load_codelist(CATALOGUE)["files"]
    return str(files[name][language]) if name in files else name


def _dataset(one: DataSet, publisher: Publisher, base_url: str, words: Mapping[str, Any]) -> Node:
    """Describe one data set."""
    uri = f"{base_url}dataset/{one.name}"
    node: Node = {
        "@id": uri,
        "@type": "dcat:Dataset",
        "dct:identifier": one.name,
        "dct:title": [_text(title_of(one, "ja"), "ja"), _text(title_of(one, "en"), "en")],
        "dct:description": _texts(words["description"]),
        "dcat:keyword": [
            _text(word, language)
            for language in ("ja", "en")
            for word in words["keywords"][language]
        ],
        "dcat:theme": _link(words["theme"]),
        "dct:publisher": _agent(publisher),
        "dcat:contactPoint": {
            "@id": f"{publisher.uri}#contact",
            "@type": "vcard:Organization",
            "vcard:fn": publisher.name,
            "vcard:hasEmail": _link(f"mailto:{publisher.email}"),
        },
        "dct:issued": _moment(one.issued),
        "dct:modified": _moment(one.modified),
        "dct:accrualPeriodicity": _link(words["frozen" if one.frozen else "frequency"]),
        "dct:temporal": _month(uri, one.month),
        "dct:license": _link(words["licence"]["url"]),
        "dct:language": [_link(language) for language in words["languages"]],
        "dct:conformsTo": _link(words["conforms_to"]),
        "dct:provenance": {
            "@id": f"{uri}#provenance",
            "@type": "dct:ProvenanceStatement",
            "dct:description": _texts(words["provenance"]),
        },
        "dcat:landingPage": _link(base_url),
        "dcat:distribution": [_distribution(uri, file, words) for file in one.files],
    }
    if one.frozen:
        node["dct:isVersionOf"] = _link(f"{base_url}dataset/{words['dataset']}")
    if one.bbox is not None:
        node["dct:spatial"] = _place(uri, one.bbox)
    return node


def _distribution(uri: str, file: Published, words: Mapping[str, Any]) -> Node:
    """Describe one file."""
    kind = format_of(file.name)
    return {
        "@id": f"{uri}#{file.name}",
        "@type": "dcat:Distribution",
        "dct:title": [
            _text(file_title(file.name, language), language) for language in ("ja", "en")
        ],
        "dcat:accessURL": _link(file.url),
        "dcat:downloadURL": _link(file.url),
        "dcat:mediaType": _link(
            f"https://www.iana.org/assignments/media-types/{file.media_type.split(';')[0]}"
        ),
        "dct:format": _link(kind["uri"]),
        "dcat:byteSize": {"@value": str(file.byte_size), "@type": "xsd:nonNegativeInteger"},
        "spdx:checksum": {
            "@id": f"{uri}#{file.name}-sha256",
            "@type": "spdx:Checksum",
            "spdx:algorithm": _link("http://spdx.org/rdf/terms#checksumAlgorithm_sha256"),
            "spdx:checksumValue": {"@value": file.sha256, "@type": "xsd:hexBinary"},
        },
        "dct:license": _link(words["licence"]["url"]),
    }


def _month(uri: str, month: str) -> Node:
    """Describe the month that a data set shows."""
    year, number = int(month[:4]), int(month[5:])
    after = f"{year + number // 12}-{number % 12 + 1:02}"
    return {
        "@id": f"{uri}#temporal",
        "@type": "dct:PeriodOfTime",
        "dcat:startDate": {"@value": f"{month}-01", "@type": "xsd:date"},
        "dcat:endDate": {"@value": f"{after}-01", "@type": "xsd:date"},
    }


def _place(uri: str, bbox: tuple[float, float, float, float]) -> Node:
    """Describe the box of a data set as WKT, longitude first (CRS84)."""
    west, south, east, north = bbox
    ring = ", ".join(
        f"{x:.5f} {y:.5f}"
        for x, y in (
            (west, south),
            (east, south),
            (east, north),
            (west, north),
            (west, south),
        )
    )
    return {
        "@id": f"{uri}#spatial",
        "@type": "dct:Location",
        "dcat:bbox": {
            "@value": f"POLYGON(({ring}))",
            "@type": "http://www.opengis.net/ont/geosparql#wktLiteral",
        },
    }


def _agent(publisher: Publisher) -> Node:
    names = [_text(publisher.name, "ja")]
    names += [_text(publisher.name_en, "en")] if publisher.name_en else []
    return {"@id": publisher.uri, "@type": "foaf:Agent", "foaf:name": names}


def _texts(words: Mapping[str, str]) -> list[Node]:
    return [_text(words["ja"], "ja"), _text(words["en"], "en")]


def _text(words: str, language: str) -> Node:
    return {"@value": words, "@language": language}


def _link(uri: str) -> Node:
    return {"@id": uri}


def _moment(when: datetime) -> Node:
    utc = when.astimezone(UTC)
    return {"@value": utc.strftime("%Y-%m-%dT%H:%M:%SZ"), "@type": "xsd:dateTime"}


def _state(node: Node, statements: list[str]) -> None:
    """Write what a node says, and then what the nodes inside it say, each once."""
    lines = []
    inner: list[Node] = []
    if "@type" in node:
        lines.append(f"a {node['@type']}")
    for name, values in node.items():
        if name.startswith("@"):
            continue
        several = values if isinstance(values, list) else [values]
        if not several:
            continue
        lines.append(f"{name} " + ", ".join(_term(value) for value in several))
        inner += [v for v in several if isinstance(v, dict) and "@id" in v and len(v) > 1]
    statement = f"<{node['@id']}> " + " ;\n    ".join(lines) + " ."
    if statement not in statements:
        statements.append(statement)
    for one in inner:
        _state(one, statements)


def _term(value: object) -> str:
    """Write one object of a statement."""
    if not isinstance(value, dict):
        return json.dumps(str(value), ensure_ascii=False)
    if "@id" in value:
        return f"<{value['@id']}>"
    literal = json.dumps(value["@value"], ensure_ascii=False)
    if "@language" in value:
        return f"{literal}@{value['@language']}"
    kind = value["@type"]
    return f"{literal}^^" + (kind if kind.startswith("xsd:") else f"<{kind}>")
