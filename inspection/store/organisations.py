"""Keep organisations, and which of them sees whose rows."""

from collections.abc import Collection

from sqlalchemy import Connection, func, insert, select, update

from inspection.domain.account import Organisation
from inspection.errors import Conflict, NotFound
from inspection.store.identity_tables import organisations
from inspection.store.tables import assets

CHUNK = 500


def add(connection: Connection, organisation: Organisation) -> None:
    """Add an organisation.

    Raises:
        Conflict: when there is one of this identifier.
        NotFound: when there is no such parent.
    """
    if organisation.parent_id is not None:
        by_id(connection, organisation.parent_id)
    known = {one.organisation_id for one in everyone(connection)}
    if organisation.organisation_id in known:
        raise Conflict(f"there is an organisation {organisation.organisation_id!r} already")
    connection.execute(
        insert(organisations).values(
            organisation_id=organisation.organisation_id,
            name=organisation.name,
            parent_id=organisation.parent_id,
        )
    )


def rename(connection: Connection, organisation_id: str, name: str) -> Organisation:
    """Change what an organisation is called; its identifier stays."""
    kept = by_id(connection, organisation_id)
    renamed = Organisation(organisation_id=organisation_id, name=name, parent_id=kept.parent_id)
    connection.execute(
        update(organisations)
        .where(organisations.c.organisation_id == organisation_id)
        .values(name=name)
    )
    return renamed


def by_id(connection: Connection, organisation_id: str) -> Organisation:
    """Read one organisation.

    Raises:
        NotFound: when there is no such organisation.
    """
    row = connection.execute(
        select(organisations).where(organisations.c.organisation_id == organisation_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f"there is no organisation {organisation_id!r}; see 'tenken orgs list'")
    return Organisation(**row._mapping)


def everyone(connection: Connection) -> tuple[Organisation, ...]:
    """List the organisations by identifier."""
    rows = connection.execute(select(organisations).order_by(organisations.c.organisation_id))
    return tuple(Organisation(**row._mapping) for row in rows)


def seen_by(connection: Connection, organisation_id: str) -> frozenset[str]:
    """Name an organisation and all below it: a prefecture sees its cities, no city another."""
    own = organisations.c
    below = select(own.organisation_id).where(own.organisation_id == organisation_id)
    tree = below.cte(recursive=True)
    children = select(own.organisation_id).join(tree, own.parent_id == tree.c.organisation_id)
    rows = connection.execute(select(tree.union(children).c.organisation_id))
    return frozenset(rows.scalars())


def asset_counts(connection: Connection) -> dict[str | None, int]:
    """Count the assets of organisations."""
    query = select(assets.c.organisation_id, func.count()).group_by(assets.c.organisation_id)
    return {row[0]: row[1] for row in connection.execute(query)}


def give(connection: Connection, organisation_id: str, asset_ids: Collection[str]) -> None:
    """Give assets, with all that hangs on them, to an organisation.

    Raises:
        NotFound: when there is no such organisation, or not every asset; then none is given.
    """
    by_id(connection, organisation_id)
    wanted = sorted(set(asset_ids))
    known = {
        asset_id
        for start in range(0, len(wanted), CHUNK)
        for asset_id in connection.execute(
            select(assets.c.asset_id).where(assets.c.asset_id.in_(wanted[start : start + CHUNK]))
        ).scalars()
    }
    if missing := [asset_id for asset_id in wanted if asset_id not in known]:
        raise NotFound(f"there is no asset {', '.join(map(repr, missing[:10]))}")
    for start in range(0, len(wanted), CHUNK):
        connection.execute(
            update(assets)
            .where(assets.c.asset_id.in_(wanted[start : start + CHUNK]))
            .values(organisation_id=organisation_id)
        )
