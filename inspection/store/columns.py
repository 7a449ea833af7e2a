"""Column types that mean the same on SQLite and on PostgreSQL.

Times are aware UTC on both. JSON is exact for finite numbers and refuses NaN, which is not JSON.
Longitude and latitude are a PostGIS geometry (SRID 4326) on PostgreSQL and WKB bytes on SQLite.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import JSON, DateTime, Dialect, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler, TypeCompiler
from sqlalchemy.sql.elements import BindParameter, ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import LargeBinary, TypeDecorator, UserDefinedType

from inspection.errors import Broken

Json = JSON(none_as_null=True)
"""Plain values, kept as text; ``jsonb`` would turn 2.766099606837545e+16 into another number."""


class UtcDateTime(TypeDecorator[datetime]):
    """Keep a moment as aware UTC, with microseconds."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time into UTC; SQLite keeps it without the zone, so that text sorts.

        Raises:
            Broken: when the time has no zone, so that nobody knows which moment it is.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise Broken(f"a time without a zone cannot be stored: {value.isoformat()}")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn a stored time into aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class FromWkb(FunctionElement[BaseGeometry]):
    """Build a geometry out of the WKB bytes that a statement carries."""

    inherit_cache = True


class ToWkb(FunctionElement[bytes]):
    """Give a geometry column as WKB bytes."""

    type = LargeBinary()
    inherit_cache = True


@compiles(FromWkb, "sqlite")
@compiles(ToWkb, "sqlite")
def _plain(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    """SQLite keeps WKB itself; the annotation of ``kw`` is SQLAlchemy's own."""
    return compiler.process(element.clauses, **kw)


@compiles(FromWkb, "postgresql")
def _from_wkb(element: FromWkb, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    """PostGIS parses the bytes; the annotation of ``kw`` is SQLAlchemy's own."""
    return f"ST_GeomFromWKB(CAST({compiler.process(element.clauses, **kw)} AS bytea), 4326)"


@compiles(ToWkb, "postgresql")
def _to_wkb(element: ToWkb, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    """PostGIS gives bytes; the annotation of ``kw`` is SQLAlchemy's own."""
    return f"ST_AsBinary({compiler.process(element.clauses, **kw)})"


class LonLatGeometry(UserDefinedType[BaseGeometry]):
    """Keep a shapely geometry in longitude and latitude, degrees WGS 84.

    A type of our own instead of GeoAlchemy: four short methods are all that two engines need, and
    the same column must be plain bytes on an SQLite without SpatiaLite.
    """

    cache_ok = True

    def get_col_spec(self, **_kw: object) -> str:
        """Name the type in PostgreSQL; SQLite's name is given below."""
        return "geometry(Geometry,4326)"

    def bind_expression(self, bindvalue: BindParameter[BaseGeometry]) -> ColumnElement[Any]:
        """Wrap a value on its way in."""
        return FromWkb(bindvalue)

    def column_expression(self, colexpr: ColumnElement[Any]) -> ColumnElement[Any]:
        """Wrap a column on its way out."""
        return type_coerce(ToWkb(colexpr), self)

    def bind_processor(self, _dialect: Dialect) -> Callable[[BaseGeometry | None], bytes | None]:
        """Give the function that turns a geometry into WKB."""
        return lambda geometry: None if geometry is None else shapely.to_wkb(geometry)

    def result_processor(
        self, _dialect: Dialect, _coltype: object
    ) -> Callable[[bytes | None], BaseGeometry | None]:
        """Give the function that turns WKB into a geometry."""
        return lambda wkb: None if wkb is None else shapely.from_wkb(bytes(wkb))


@compiles(LonLatGeometry, "sqlite")
def _blob(_type: LonLatGeometry, _compiler: TypeCompiler, **_kw: object) -> str:
    """Name the type in SQLite."""
    return "BLOB"
