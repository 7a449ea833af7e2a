"""Describe open data as CKAN's action API does, so that its clients can read and harvest it.

Source: CKAN 2.11 documentation, "API guide" (package_list, package_show, package_search).
"""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from inspection.codelists.codelist import load_codelist
from inspection.domain.mission import TENKEN_NAMESPACE
from inspection.export.catalogue import (
    CATALOGUE,
    DataSet,
    Published,
    Publisher,
    file_title,
    format_of,
    title_of,
)

Plain = dict[str, Any]


def package(one: DataSet, publisher: Publisher, *, base_url: str) -> Plain:
    """Describe one data set as a package."""
    words = load_codelist(CATALOGUE).fields
    organization = _organization(publisher)
    return {
        "id": _id("package", one.name),
        "name": one.name,
        "title": title_of(one, "ja"),
        "title_translated": {"ja": title_of(one, "ja"), "en": title_of(one, "en")},
        "notes": words["description"]["ja"],
        "notes_translated": dict(words["description"]),
        "type": "dataset",
        "state": "active",
        "private": False,
        "isopen": True,
        "url": f"{base_url}dataset/{one.name}",
        "author": publisher.name,
        "maintainer": publisher.name,
        "maintainer_email": publisher.email,
        "license_id": words["licence"]["id"],
        "license_title": words["licence"]["title"],
        "license_url": words["licence"]["url"],
        "organization": organization,
        "owner_org": organization["id"],
        "metadata_created": _moment(one.issued),
        "metadata_modified": _moment(one.modified),
        "tags": [
            {"name": word, "display_name": word, "state": "active"}
            for language in ("ja", "en")
            for word in words["keywords"][language]
        ],
        "extras": [{"key": "month", "value": one.month}, *_spatial(one)],
        "num_tags": sum(len(words["keywords"][language]) for language in ("ja", "en")),
        "num_resources": len(one.files),
        "resources": [_resource(one, file, place) for place, file in enumerate(one.files)],
    }


def find(packages: Sequence[Plain], *, text: str, start: int, rows: int) -> Plain:
    """Search packages: every word must stand in title, notes, tags or file names.

    ``*:*`` and nothing at all mean everything, as in CKAN.
    """
    words = [] if text.strip() in ("", "*:*") else text.casefold().split()
    found = [one for one in packages if all(word in _haystack(one) for word in words)]
    return {
        "count": len(found),
        "sort": "metadata_modified desc",
        "facets": {},
        "search_facets": {},
        "results": found[start : start + rows],
    }


def _haystack(one: Plain) -> str:
    titles = " ".join((*one["title_translated"].values(), *one["notes_translated"].values()))
    tags = " ".join(tag["name"] for tag in one["tags"])
    files = " ".join(f"{r['name']} {r['description']} {r['format']}" for r in one["resources"])
    return f"{one['name']} {titles} {tags} {files}".casefold()


def _resource(one: DataSet, file: Published, place: int) -> Plain:
    """Describe one file."""
    return {
        "id": _id("resource", one.name, file.name),
        "package_id": _id("package", one.name),
        "name": file_title(file.name, "ja"),
        "name_translated": {k: file_title(file.name, k) for k in ("ja", "en")},
        "description": file.name,
        "format": format_of(file.name)["label"],
        "mimetype": file.media_type.split(";")[0],
        "size": file.byte_size,
        "hash": f"sha256:{file.sha256}",
        "url": file.url,
        "position": place,
        "state": "active",
        "created": _moment(one.issued),
        "last_modified": _moment(one.modified),
    }


def _organization(publisher: Publisher) -> Plain:
    return {
        "id": _id("organization", publisher.uri),
        "name": "publisher",
        "title": publisher.name,
        "type": "organization",
        "is_organization": True,
        "state": "active",
    }


def _spatial(one: DataSet) -> list[Plain]:
    """Give the box as GeoJSON, where ckanext-spatial looks for it."""
    if one.bbox is None:
        return []
    west, south, east, north = one.bbox
    ring = f"[[{west},{south}],[{east},{south}],[{east},{north}],[{west},{north}],[{west},{south}]]"
    return [{"key": "spatial", "value": f'{{"type":"Polygon","coordinates":[{ring}]}}'}]


def _id(*parts: str) -> str:
    return str(uuid.uuid5(TENKEN_NAMESPACE, "\n".join(("ckan", *parts))))


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
