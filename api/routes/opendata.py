"""Open data: the catalogue (DCAT), CKAN's read-only actions, files of frozen months, figures."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response

from api.answers import problems
from api.content import cached
from api.deps import Services, ServicesDep
from api.schemas.opendata import (
    CkanError,
    CkanList,
    CkanPackage,
    CkanSearch,
    DailyFigures,
    DailyList,
    MonthlyFigures,
    MonthlyList,
)
from inspection.errors import NotFound
from inspection.export.catalogue import DataSet, Publisher, catalogue, json_ld, turtle
from inspection.export.ckan import find, package
from inspection.export.opendata import JPEG_TYPE
from inspection.pipeline.cataloguing import data_sets
from inspection.store import privacy, snapshots
from inspection.store.engine import reading
from inspection.store.page import OFFSET_MAX

router = APIRouter(tags=["open data"])

ROWS_MAX = 1000
"""Most packages of one answer, as CKAN has it."""

NOT_FOUND = 404

Offset = Annotated[int, Query(ge=0, le=OFFSET_MAX)]
Month = Annotated[str, Path(pattern=r"^20\d{2}-(0[1-9]|1[0-2])$")]
FileName = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,80}\.[a-z]{2,8}$")]


@router.get(
    "/catalog.jsonld",
    operation_id="catalogue_json_ld",
    response_class=Response,
    responses={200: {"content": {"application/ld+json": {}}}, **problems(NOT_FOUND)},
)
def catalogue_json_ld(request: Request, services: ServicesDep) -> Response:
    """Describe the open data as a DCAT catalogue in JSON-LD."""
    return Response(json_ld(_catalogue(request, services)), media_type="application/ld+json")


@router.get(
    "/catalog.ttl",
    operation_id="catalogue_turtle",
    response_class=Response,
    responses={200: {"content": {"text/turtle": {}}}, **problems(NOT_FOUND)},
)
def catalogue_turtle(request: Request, services: ServicesDep) -> Response:
    """Describe the open data as a DCAT catalogue in Turtle."""
    return Response(turtle(_catalogue(request, services)), media_type="text/turtle")


@router.get("/api/3/action/package_list", operation_id="package_list", response_model=CkanList)
def package_list(
    request: Request,
    services: ServicesDep,
    limit: Annotated[int, Query(ge=1, le=ROWS_MAX)] = ROWS_MAX,
    offset: Offset = 0,
) -> Response:
    """List the names of the data sets, as CKAN does."""
    names = sorted(one.name for one in _sets_or_none(request, services))
    return _answer(request, names[offset : offset + limit])


@router.get(
    "/api/3/action/package_show",
    operation_id="package_show",
    response_model=CkanPackage,
    responses={NOT_FOUND: {"model": CkanError, "description": "There is no such package"}},
)
def package_show(
    request: Request,
    services: ServicesDep,
    identifier: Annotated[str, Query(alias="id", min_length=1, max_length=200)],
) -> Response:
    """Describe one data set by name or identifier, as CKAN does."""
    for one in _packages(request, services):
        if identifier in (one["name"], one["id"]):
            return _answer(request, one)
    error = {"__type": "Not Found Error", "message": "Not found"}
    return JSONResponse(
        {"help": _help(request), "success": False, "error": error}, status_code=NOT_FOUND
    )


@router.get(
    "/api/3/action/package_search", operation_id="package_search", response_model=CkanSearch
)
def package_search(
    request: Request,
    services: ServicesDep,
    text: Annotated[str, Query(alias="q", max_length=200)] = "",
    start: Offset = 0,
    rows: Annotated[int, Query(ge=0, le=ROWS_MAX)] = 10,
) -> Response:
    """Search data sets by words, as CKAN does."""
    found = find(_packages(request, services), text=text, start=start, rows=rows)
    return _answer(request, found)


@router.get(
    "/opendata/{month}/{name}",
    operation_id="open_data_file",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}, "application/geo+json": {}}}, 304: {}},
)
def open_data_file(
    request: Request, services: ServicesDep, month: Month, name: FileName
) -> Response:
    """Give one file of a frozen month; it never changes, but a picture may be taken back."""
    with reading(services.engine) as connection:
        file = snapshots.file_of(connection, month, name)
        if name in privacy.retracted(connection):
            raise NotFound(f"{name} was published and has been taken back")
    lasting = file.media_type != JPEG_TYPE
    known, headers = cached(
        request, tag=file.sha256[:32], media_type=file.media_type, versioned=lasting
    )
    if known is not None:
        return known
    headers["Content-Disposition"] = f'attachment; filename="{month}-{name}"'
    content = services.blobs.read_bytes(file.blob_key)
    return Response(content, media_type=file.media_type, headers=headers)


@router.get("/api/figures/daily", operation_id="daily_figures")
def daily_figures(
    services: ServicesDep, limit: Annotated[int, Query(ge=1, le=3660)] = 31
) -> DailyList:
    """List the figures of days, newest first."""
    with reading(services.engine) as connection:
        days = snapshots.daily(connection, limit=limit)
    return DailyList(days=[DailyFigures(day=day, figures=figures) for day, figures in days])


@router.get("/api/figures/monthly", operation_id="monthly_figures")
def monthly_figures(services: ServicesDep) -> MonthlyList:
    """List the figures of frozen months, newest first."""
    with reading(services.engine) as connection:
        months = snapshots.find(connection)
    return MonthlyList(
        months=[
            MonthlyFigures(month=one.month, taken_at=one.taken_at, figures=one.figures)
            for one in months
        ]
    )


def _catalogue(request: Request, services: Services) -> dict[str, Any]:
    publisher = services.publisher()
    sets = _sets(request, services)
    return catalogue(sets, publisher, base_url=_base(request), modified=sets[0].modified)


def _sets(request: Request, services: Services) -> tuple[DataSet, ...]:
    base = _base(request)
    with reading(services.engine) as connection:
        return data_sets(connection, lambda month, name: f"{base}opendata/{month}/{name}")


def _sets_or_none(request: Request, services: Services) -> tuple[DataSet, ...]:
    """Give no data set where none is published: CKAN's lists are then empty, not missing."""
    try:
        return _sets(request, services)
    except NotFound:
        return ()


def _packages(request: Request, services: Services) -> list[dict[str, Any]]:
    publisher: Publisher = services.publisher()
    base = _base(request)
    return [package(one, publisher, base_url=base) for one in _sets_or_none(request, services)]


def _answer(request: Request, result: object) -> Response:
    """Wrap a result as CKAN does."""
    return JSONResponse({"help": _help(request), "success": True, "result": result})


def _help(request: Request) -> str:
    action = request.url.path.rpartition("/")[2]
    return f"{_base(request)}api/3/action/help_show?name={action}"


def _base(request: Request) -> str:
    return str(request.base_url)
