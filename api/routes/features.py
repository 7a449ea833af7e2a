"""OGC API – Features: the defects and surveys of this service for any GIS program.

Source: OGC 17-069r4 (Part 1: core), OGC 18-058r1 (Part 2: coordinate reference systems).
"""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import Connection

from api.collection import COLLECTIONS, DEFECTS, SURVEYS, WHOLE_EARTH, crs_uris, describe
from api.content import prefers_html
from api.crs import CRS84, from_uri, parse_bbox
from api.deps import ServicesDep
from api.errors import OGC_TAG
from api.features import defect_features, mosaic_feature, parse_interval
from api.geojson import GEOJSON, GeoJsonResponse, written
from api.routes.site import page as site_page
from api.schemas.base import Link
from api.schemas.ogc import (
    CONFORMANCE_CLASSES,
    Collection,
    Collections,
    Conformance,
    Feature,
    FeatureCollection,
    Landing,
)
from inspection.domain.defect import ReviewState
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput, NotFound
from inspection.store import catalogue, orthomosaics, placed, surveys
from inspection.store.engine import reading
from inspection.store.page import OFFSET_MAX
from inspection.store.search import Search

LIMIT_DEFAULT = 100
LIMIT_MAX = 10_000
"""Most features of one page; asking for more gives this many, as Part 1 §7.15.2 allows."""

IN_CRS: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"Content-Crs": {"schema": {"type": "string"}}}}
}

WINDOW = frozenset({"limit", "offset"})


router = APIRouter(tags=[OGC_TAG])

Form = Annotated[str | None, Query(alias="f", pattern="^(json|html)$")]
Crs = Annotated[str, Query(description="URI of the CRS of the answer")]
BboxCrs = Annotated[str, Query(alias="bbox-crs", description="URI of the CRS of bbox")]


@router.get(
    "/",
    operation_id="landing",
    response_model=Landing,
    responses={200: {"content": {"text/html": {}}}},
)
def landing(request: Request, form: Form = None) -> Response:
    """Show the review pages to a person, and the parts of the service to a program."""
    if prefers_html(request, form):
        return site_page(request.app.state.dist)
    base = base_of(request)
    described = Landing(
        title="Tenken",
        description="Defects of bridges and roads, found on drone photos and reviewed by people",
        links=[
            Link(href=f"{base}/?f=json", rel="self", type="application/json"),
            Link(href=f"{base}/", rel="alternate", type="text/html"),
            Link(
                href=f"{base}/openapi.json",
                rel="service-desc",
                type="application/vnd.oai.openapi+json;version=3.1",
            ),
            Link(href=f"{base}/conformance", rel="conformance", type="application/json"),
            Link(href=f"{base}/collections", rel="data", type="application/json"),
        ],
    )
    return JSONResponse(described.model_dump(exclude_none=True))


@router.get("/conformance", operation_id="conformance")
def conformance(form: Form = None) -> Conformance:
    """Name the parts of the standard that hold."""
    return Conformance(conformsTo=list(CONFORMANCE_CLASSES))


@router.get("/collections", operation_id="collections", response_model_exclude_none=True)
def collections(request: Request, services: ServicesDep, form: Form = None) -> Collections:
    """List the collections of features."""
    base = base_of(request)
    with reading(services.engine) as connection:
        described = [describe(connection, name, base) for name in COLLECTIONS]
        offered = sorted(crs_uris(connection) - {CRS84})
    return Collections(
        collections=described,
        crs=[CRS84, *offered],
        links=[Link(href=f"{base}/collections", rel="self", type="application/json")],
    )


@router.get(
    "/collections/{collection_id}", operation_id="collection", response_model_exclude_none=True
)
def collection(
    request: Request, services: ServicesDep, collection_id: str, form: Form = None
) -> Collection:
    """Describe one collection."""
    with reading(services.engine) as connection:
        return describe(connection, collection_id, base_of(request))


@router.get(
    f"/collections/{DEFECTS}/items",
    operation_id="defect_features",
    response_model=FeatureCollection,
    response_class=GeoJsonResponse,
    responses=IN_CRS,
)
def defect_items(
    *,
    request: Request,
    services: ServicesDep,
    bbox: str | None = None,
    bbox_crs: BboxCrs = CRS84,
    crs: Crs = CRS84,
    when: Annotated[
        str | None, Query(alias="datetime", description="when a defect changed last")
    ] = None,
    survey_id: UUID | None = None,
    asset_id: str | None = None,
    damage_class: Annotated[list[DamageClass] | None, Query(alias="class")] = None,
    state: Annotated[list[ReviewState] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1)] = LIMIT_DEFAULT,
    offset: Annotated[int, Query(ge=0, le=OFFSET_MAX)] = 0,
    form: Form = None,
) -> Response:
    """Give the defects that are tied to the earth and meet every condition, page by page."""
    _check_parameters(request)
    limit = min(limit, LIMIT_MAX)
    after, before = parse_interval(when)
    with reading(services.engine) as connection:
        offered = crs_uris(connection)
        target = from_uri(crs, offered)
        frame = from_uri(bbox_crs, offered)
        wanted = Search(
            bbox_lonlat=WHOLE_EARTH if bbox is None else parse_bbox(bbox, frame),
            survey_id=survey_id,
            asset_id=asset_id,
            classes=damage_class or (),
            states=state or (),
            updated_after=after,
            updated_before=before,
        )
        found, matched = placed.find(connection, wanted, limit=limit, offset=offset)
    return _page(
        request=request,
        services=services,
        shown=defect_features(found, target),
        matched=matched,
        limit=limit,
        offset=offset,
        target=target,
    )


@router.get(
    f"/collections/{DEFECTS}/items/{{feature_id}}",
    operation_id="defect_feature",
    response_model=Feature,
    response_class=GeoJsonResponse,
    responses=IN_CRS,
)
def defect_item(
    request: Request, services: ServicesDep, feature_id: UUID, crs: Crs = CRS84, form: Form = None
) -> Response:
    """Give one defect as a feature."""
    with reading(services.engine) as connection:
        target = from_uri(crs, crs_uris(connection))
        found = placed.by_id(connection, feature_id)
    if found.anchors_lonlat[0] is None:
        raise NotFound(
            f"defect {feature_id} is in a local frame and has no place on the earth; see "
            f"/api/defects/{feature_id}"
        )
    return _single(request, defect_features(found, target)[0], DEFECTS, target)


@router.get(
    f"/collections/{SURVEYS}/items",
    operation_id="survey_features",
    response_model=FeatureCollection,
    response_class=GeoJsonResponse,
    responses=IN_CRS,
)
def survey_items(
    *,
    request: Request,
    services: ServicesDep,
    bbox: str | None = None,
    bbox_crs: BboxCrs = CRS84,
    crs: Crs = CRS84,
    when: Annotated[str | None, Query(alias="datetime", description="when it was created")] = None,
    asset_id: str | None = None,
    limit: Annotated[int, Query(ge=1)] = LIMIT_DEFAULT,
    offset: Annotated[int, Query(ge=0, le=OFFSET_MAX)] = 0,
    form: Form = None,
) -> Response:
    """Give the footprints of the mosaics that are tied to the earth, page by page."""
    _check_parameters(request)
    limit = min(limit, LIMIT_MAX)
    with reading(services.engine) as connection:
        offered = crs_uris(connection)
        target, frame = from_uri(crs, offered), from_uri(bbox_crs, offered)
        after, before = parse_interval(when)
        found = catalogue.footprints(
            connection,
            bbox_lonlat=None if bbox is None else parse_bbox(bbox, frame),
            asset_id=asset_id,
            created_after=after,
            created_before=before,
        )
        shown = [
            _survey_feature(connection, row.survey_id, target)
            for row in found[offset : offset + limit]
        ]
    return _page(
        request=request,
        services=services,
        shown=shown,
        matched=len(found),
        limit=limit,
        offset=offset,
        target=target,
    )


@router.get(
    f"/collections/{SURVEYS}/items/{{feature_id}}",
    operation_id="survey_feature",
    response_model=Feature,
    response_class=GeoJsonResponse,
    responses=IN_CRS,
)
def survey_item(
    request: Request, services: ServicesDep, feature_id: UUID, crs: Crs = CRS84, form: Form = None
) -> Response:
    """Give the footprint of one survey."""
    with reading(services.engine) as connection:
        target = from_uri(crs, crs_uris(connection))
        feature = _survey_feature(connection, feature_id, target)
    return _single(request, feature, SURVEYS, target)


def base_of(request: Request) -> str:
    """Give the address under which the client reached the service, without a slash at the end."""
    return str(request.base_url).rstrip("/")


def _check_parameters(request: Request) -> None:
    """Refuse parameters that the operation does not have, as Part 1 §7.15.1 demands.

    A misspelt filter that is passed over would show more defects than were asked for.
    """
    route = request.scope["route"]
    known = {parameter.alias for parameter in route.dependant.query_params}
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        raise BadInput(
            f"unknown parameter {', '.join(unknown)}; there are {', '.join(sorted(known))}"
        )


def _survey_feature(connection: Connection, survey_id: UUID, target: str) -> str:
    survey = surveys.by_id(connection, survey_id)
    mosaic = orthomosaics.of_survey(connection, survey_id)
    if not mosaic.georeferenced:
        raise NotFound(f"the mosaic of survey {survey_id} is in a local frame, not on the earth")
    feature = mosaic_feature(mosaic, survey, target)
    return written(feature.model_dump(mode="json", exclude={"links"}))


def _page(
    *,
    request: Request,
    services: ServicesDep,
    shown: Sequence[str],
    matched: int,
    limit: int,
    offset: int,
    target: str,
) -> Response:
    links = [_window_link(request, "self", limit, offset)]
    if offset + limit < matched:
        links.append(_window_link(request, "next", limit, offset + limit))
    if offset > 0:
        links.append(_window_link(request, "prev", limit, max(0, offset - limit)))
    about = FeatureCollection(
        features=[],
        numberMatched=matched,
        numberReturned=len(shown),
        timeStamp=services.clock.now().isoformat(),
        links=links,
    )
    rest = written(about.model_dump(mode="json", exclude={"type", "features"}))
    return _geojson(
        f'{{"type":"FeatureCollection","features":[{",".join(shown)}],{rest[1:]}', target
    )


def _single(request: Request, feature: str, collection_id: str, target: str) -> Response:
    base = base_of(request)
    here = f"{base}/collections/{collection_id}"
    links = [
        Link(href=str(request.url), rel="self", type=GEOJSON),
        Link(href=here, rel="collection", type="application/json"),
    ]
    linked = written([link.model_dump(mode="json") for link in links])
    return _geojson(f'{feature[:-1]},"links":{linked}}}', target)


def _window_link(request: Request, rel: str, limit: int, offset: int) -> Link:
    kept = [pair for pair in request.query_params.multi_items() if pair[0] not in WINDOW]
    query = urlencode([*kept, ("limit", str(limit)), ("offset", str(offset))])
    return Link(href=f"{base_of(request)}{request.url.path}?{query}", rel=rel, type=GEOJSON)


def _geojson(content: str, target: str) -> Response:
    return Response(content, media_type=GEOJSON, headers={"Content-Crs": f"<{target}>"})
