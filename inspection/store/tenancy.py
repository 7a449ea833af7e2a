"""Narrow every statement of a transaction with a scope to the organisations that it may see.

This is the only place that knows how. The engine calls it before each statement (SQLAlchemy's
``before_execute``): each table in each SELECT, however deep, gets the condition of ``ownership``;
UPDATE and DELETE get that of the rows that may be changed; INSERT is checked after it wrote. A
query that cannot be narrowed (plain SQL text, a table that nobody has classified) is refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Alias,
    Connection,
    Delete,
    Dialect,
    Engine,
    FromClause,
    Insert,
    Join,
    Select,
    Table,
    TextClause,
    Update,
    and_,
    event,
)
from sqlalchemy.sql import visitors

from inspection.errors import Broken
from inspection.store import ownership, witness
from inspection.store.audit import Event
from inspection.store.scope import OPTION, Scope

PENDING = "tenken_events"
"""Where a connection keeps what it has to tell the audit log when it commits."""

BEFORE = "tenken_before"

Sent = Sequence[Mapping[str, Any]]


def install(engine: Engine) -> None:
    """Narrow and witness what happens on an engine, wherever it carries a scope."""
    event.listen(engine, "before_execute", _before, retval=True)
    event.listen(engine, "after_execute", _after)


def take_events(connection: Connection) -> list[Event]:
    """Give what a transaction has to tell the audit log, and forget it."""
    connection.info.pop(BEFORE, None)
    told: list[Event] = connection.info.pop(PENDING, [])
    return told


def tell(connection: Connection, event: Event) -> None:
    """Tell the audit log of more than the rows say, when the transaction commits."""
    connection.info.setdefault(PENDING, []).append(event)


def _before(
    connection: Connection,
    statement: Any,  # noqa: ANN401 any statement there is
    many: Sent,
    one: Mapping[str, Any],
    options: Mapping[str, Any],
) -> tuple[Any, Sent, Mapping[str, Any]]:
    scope: Scope | None = options.get(OPTION)
    if scope is None:
        return statement, many, one
    narrowed = narrow(statement, scope, connection.dialect)
    if isinstance(narrowed, Insert | Update | Delete):
        _remember(connection, narrowed, many or ([one] if one else []))
    return narrowed, many, one


def _after(
    connection: Connection,
    statement: Any,  # noqa: ANN401 any statement there is
    _many: Sent,
    _one: Mapping[str, Any],
    options: Mapping[str, Any],
    _result: object,
) -> None:
    scope: Scope | None = options.get(OPTION)
    if scope is None or not isinstance(statement, Insert | Update | Delete):
        return
    table, keys, before = connection.info.pop(BEFORE)
    if isinstance(statement, Insert) and scope.changeable is not None:
        witness.check_owned(connection, table, keys, scope.changeable)
    after = witness.snapshot(connection, table, keys)
    told = witness.events(scope, table, before, after)
    connection.info.setdefault(PENDING, []).extend(told)


def _remember(connection: Connection, statement: Insert | Update | Delete, sent: Sent) -> None:
    """Keep what the rows are like that a statement is about to write."""
    table = statement.table
    assert isinstance(table, Table)
    if isinstance(statement, Insert):
        keys = witness.keys_of_insert(table, statement, sent)
    else:
        keys = witness.keys_of_change(connection, statement, sent)
    connection.info[BEFORE] = (table, keys, witness.snapshot(connection, table, keys))


def narrow(statement: Any, scope: Scope, dialect: Dialect) -> Any:  # noqa: ANN401 any statement
    """Give a statement that sees and changes no more than a scope allows.

    Raises:
        Broken: when the statement cannot be narrowed.
    """
    if scope.visible is None:
        return statement
    visible, changeable = scope.visible, scope.changeable or frozenset()

    def on_join(join: Join) -> None:
        if join.full:
            raise Broken("a full outer join cannot be narrowed to an organisation")
        if join.isouter:
            conditions = _conditions(_tables(join.right), visible)
            join.onclause = and_(join.onclause, *conditions)  # type: ignore[arg-type]

    def on_select(query: Select[Any]) -> None:
        sources = [table for source in _froms(query, dialect) for table in _inner_tables(source)]
        query._where_criteria += tuple(_conditions(sources, visible))

    def on_change(change: Update | Delete) -> None:
        ownership.check_writable(change.table)
        change._where_criteria += tuple(_conditions([change.table], changeable))

    def on_insert(insert: Insert) -> None:
        if insert.select is not None:
            raise Broken("INSERT … SELECT cannot be narrowed to an organisation")
        ownership.check_writable(insert.table)
        _conditions([insert.table], changeable)  # refuses tables that nobody has classified

    def on_text(text: TextClause) -> None:
        raise Broken(f"plain SQL cannot be narrowed to an organisation: {text.text[:60]!r}")

    return visitors.cloned_traverse(
        statement,
        {},
        {
            "select": on_select,
            "join": on_join,
            "update": on_change,
            "delete": on_change,
            "insert": on_insert,
            "textclause": on_text,
        },
    )


def _froms(query: Select[Any], dialect: Dialect) -> Sequence[FromClause]:
    """Name what a SELECT reads from: as ``get_final_froms``, but without compiling the whole.

    Raises:
        Broken: when an outer join is made by ``Select.outerjoin``: what it joins is not in the
            statement yet.
    """
    if any(flags["isouter"] or flags["full"] for *_, flags in query._setup_joins):
        raise Broken("write an outer join as table.outerjoin(…), so that it can be narrowed")
    bare: Any = dialect.statement_compiler(dialect, None)
    state: Any = query._compile_state_factory(query, bare)
    froms: Sequence[FromClause] = state._get_display_froms()
    return froms


def _conditions(sources: Sequence[FromClause], organisations: frozenset[str]) -> list[Any]:
    conditions = [ownership.owned_by(source, organisations) for source in sources]
    return [condition for condition in conditions if condition is not None]


def _inner_tables(source: FromClause) -> Iterator[FromClause]:
    """Walk the tables of a FROM whose condition belongs into WHERE: not behind an outer join."""
    if isinstance(source, Join):
        yield from _inner_tables(source.left)
        if not source.isouter:
            yield from _inner_tables(source.right)
    elif _is_table(source):
        yield source


def _tables(source: FromClause) -> list[FromClause]:
    if isinstance(source, Join):
        return [*_tables(source.left), *_tables(source.right)]
    return [source] if _is_table(source) else []


def _is_table(source: FromClause) -> bool:
    """Tell a table or its alias from a subquery, whose own SELECT is narrowed by itself."""
    if isinstance(source, Alias):
        return _is_table(source.element)
    return getattr(source, "__visit_name__", "") == "table"
