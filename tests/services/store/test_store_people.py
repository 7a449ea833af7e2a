"""Organisations, accounts and memberships: who there is, what they may be, what they see."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from inspection.domain.account import Account, Membership, Organisation, Role
from inspection.errors import Broken, Conflict, NotFound
from inspection.store import accounts, assets, organisations, sessions
from inspection.store.engine import reading, writing
from inspection.store.scope import HOME
from tests.support.records import NOON, make_asset

ISSUER = "https://id.example.jp/realms/石川"
SAME_DATABASE = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def person(name: str = "hanako.k", **changes: object) -> Account:
    made = Account(account_id=uuid.uuid4(), name=name, display_name="金沢 花子")
    return replace(made, **changes)  # type: ignore[arg-type]


def add(engine: Engine, *people: Account, password_hash: str | None = "argon2") -> None:
    with writing(engine) as connection:
        for one in people:
            accounts.add(connection, one, password_hash=password_hash, now=NOON)


def tree(engine: Engine, *pairs: tuple[str, str]) -> None:
    with writing(engine) as connection:
        for name, parent in pairs:
            organisations.add(
                connection, Organisation(organisation_id=name, name=name, parent_id=parent)
            )


# accounts


def test_an_account_comes_back_and_its_secret_only_to_who_asks_for_it(engine: Engine) -> None:
    hanako, robot = person(), person("robot", active=False)
    add(engine, hanako, password_hash="$argon2id$hanako")
    add(engine, robot, password_hash=None)
    with reading(engine) as connection:
        assert accounts.by_name(connection, "hanako.k") == hanako
        assert accounts.everyone(connection) == (hanako, robot)
        found = accounts.credentials(connection, "hanako.k")
        assert found is not None
        assert (found.account, found.password_hash, found.oidc_issuer) == (
            hanako, "$argon2id$hanako", None,
        )  # fmt: skip
        assert accounts.credentials(connection, "nobody") is None
        with pytest.raises(NotFound, match="'nobody'; see 'tenken users list'"):
            accounts.by_name(connection, "nobody")


def test_a_name_is_one_person_s(engine: Engine) -> None:
    add(engine, person())
    with pytest.raises(Conflict, match=r"'hanako\.k' already; choose another name"):
        add(engine, person())
    with pytest.raises(Conflict):
        taken = person("other")
        add(engine, taken)
        add(engine, replace(taken, name="third"))  # another name, the same identifier
    with reading(engine) as connection:
        assert [one.name for one in accounts.everyone(connection)] == ["hanako.k", "other"]


def test_names_are_told_apart_by_every_letter(engine: Engine) -> None:
    """Names are lower case by their own rule, so what differs on one engine differs on both."""
    names = ["a", "a.", "a_", "a-", "a@b", "aa", "a1"]
    good = [name for name in names if name[-1].isalnum()]
    add(engine, *map(person, good))
    with reading(engine) as connection:
        for name in good:
            assert accounts.by_name(connection, name).name == name
        assert accounts.credentials(connection, "A") is None
        assert accounts.credentials(connection, "a%") is None


def test_from_the_first_account_on_everybody_signs_in(engine: Engine) -> None:
    with reading(engine) as connection:
        assert not accounts.any_exist(connection)
        assert not accounts.admin_exists(connection, now=NOON, issuer=accounts.ANY_ISSUER)
    add(engine, person(active=False))
    with reading(engine) as connection:
        assert accounts.any_exist(connection)


def test_only_an_admin_who_may_sign_in_is_one(engine: Engine) -> None:
    one = person()
    add(engine, one)
    with writing(engine) as connection:
        for role in Role:
            accounts.join(
                connection, Membership(account_id=one.account_id, organisation_id=HOME, role=role)
            )
            for active in (True, False):
                accounts.set_active(connection, one.account_id, active=active)
                found = accounts.admin_exists(connection, now=NOON, issuer=None)
                assert found is (active and role is Role.ADMIN)


def test_an_admin_needs_something_that_opens_the_account(engine: Engine) -> None:
    """Without a password, with one that has ended, or linked to an issuer nobody asks: a name."""
    one = person()
    add(engine, one, password_hash=None)
    membership = Membership(account_id=one.account_id, organisation_id=HOME, role=Role.ADMIN)

    def may(issuer: str | None = None, **of: str) -> bool:
        return accounts.admin_exists(connection, now=NOON, issuer=issuer, **of)

    with writing(engine) as connection:
        accounts.join(connection, membership)
        assert not may() and not may(accounts.ANY_ISSUER)
        for hours, usable in ((-1, False), (0, False), (1, True)):
            accounts.set_password(
                connection, one.account_id, "argon2", once_until=NOON + timedelta(hours=hours)
            )
            assert may() is usable
        accounts.set_password(connection, one.account_id, "argon2")
        assert may() and may(organisation_id=HOME) and not may(organisation_id="elsewhere")
        accounts.set_password(connection, one.account_id, "argon2", once_until=NOON)
        accounts.drop_one_time(connection, one.account_id)
        accounts.link(connection, one.account_id, issuer=ISSUER, subject="s")
        assert may(ISSUER) and may(accounts.ANY_ISSUER)
        assert not may() and not may("https://other.example.jp")


def test_a_new_password_and_a_disabled_account_end_every_session(engine: Engine) -> None:
    one, other = person(), person("other")
    add(engine, one, other)

    def signed_in() -> tuple[bool, bool]:
        with reading(engine) as connection:
            return tuple(  # type: ignore[return-value]
                sessions.of_session(connection, secret, NOON) is not None for secret in secrets
            )

    for end in ("password", "active"):
        with writing(engine) as connection:
            secrets = []
            for account in (one, other):
                member = Membership(
                    account_id=account.account_id, organisation_id=HOME, role=Role.CREW
                )
                accounts.join(connection, member)
                secrets.append(
                    sessions.open_session(
                        connection, member, now=NOON, expires_at=NOON + timedelta(hours=1)
                    )
                )
        assert signed_in() == (True, True)
        with writing(engine) as connection:
            if end == "password":
                accounts.set_password(connection, one.account_id, "new")
            else:
                accounts.set_active(connection, one.account_id, active=False)
        assert signed_in() == (False, True)
    with reading(engine) as connection:
        found = accounts.credentials(connection, one.name)
        assert found is not None and found.password_hash == "new"


def test_letting_an_account_in_again_brings_no_old_session_back(engine: Engine) -> None:
    one = person()
    add(engine, one)
    member = Membership(account_id=one.account_id, organisation_id=HOME, role=Role.VIEWER)
    with writing(engine) as connection:
        accounts.join(connection, member)
        secret = sessions.open_session(
            connection, member, now=NOON, expires_at=NOON + timedelta(hours=1)
        )
        accounts.set_active(connection, one.account_id, active=False)
        accounts.set_active(connection, one.account_id, active=True)
        assert sessions.of_session(connection, secret, NOON) is None


def test_a_subject_of_an_issuer_is_one_account(engine: Engine) -> None:
    one, other = person(), person("other")
    add(engine, one, other)
    with writing(engine) as connection:
        accounts.link(connection, one.account_id, issuer=ISSUER, subject="s-1")
        accounts.link(connection, one.account_id, issuer=ISSUER, subject="s-1")
        assert accounts.by_subject(connection, issuer=ISSUER, subject="s-1") == one
        assert accounts.by_subject(connection, issuer=ISSUER, subject="S-1") is None
        assert accounts.by_subject(connection, issuer=ISSUER + "/", subject="s-1") is None
    with pytest.raises(Conflict, match=r"signs in as 'hanako\.k' already"), writing(engine) as c:
        accounts.link(c, other.account_id, issuer=ISSUER, subject="s-1")
    with writing(engine) as connection:
        accounts.link(connection, one.account_id, issuer=ISSUER, subject="s-2")  # moved
        accounts.link(connection, other.account_id, issuer=ISSUER, subject="s-1")
        assert accounts.by_subject(connection, issuer=ISSUER, subject="s-1") == other
        found = accounts.credentials(connection, "other")
        assert found is not None and found.oidc_issuer == ISSUER


def test_changes_to_nobody_are_told(engine: Engine) -> None:
    ghost = uuid.uuid4()
    with writing(engine) as connection:
        changes: list[Callable[[], object]] = [
            lambda: accounts.set_password(connection, ghost, "x"),
            lambda: accounts.set_active(connection, ghost, active=True),
            lambda: accounts.link(connection, ghost, issuer=ISSUER, subject="s"),
        ]
        for change in changes:
            with pytest.raises(NotFound, match=str(ghost)):
                change()


# memberships


def test_one_role_in_each_organisation_and_the_last_one_counts(engine: Engine) -> None:
    tree(engine, ("city-a", HOME))
    one = person()
    add(engine, one)

    def member(where: str, role: Role, approver: bool = False) -> Membership:
        return Membership(
            account_id=one.account_id, organisation_id=where, role=role, approver=approver
        )

    with writing(engine) as connection:
        accounts.join(connection, member(HOME, Role.VIEWER))
        accounts.join(connection, member("city-a", Role.ADMIN, True))
        accounts.join(connection, member(HOME, Role.PLANNER, True))
        assert accounts.memberships_of(connection, one.account_id) == (
            member("city-a", Role.ADMIN, True), member(HOME, Role.PLANNER, True),
        )  # fmt: skip
        assert accounts.memberships_of(connection, uuid.uuid4()) == ()
        with pytest.raises(NotFound, match="'nowhere'; see 'tenken orgs list'"):
            accounts.join(connection, member("nowhere", Role.CREW))


def test_a_role_that_this_program_does_not_know_is_said(engine: Engine) -> None:
    one = person()
    add(engine, one)
    with writing(engine) as connection:
        accounts.join(
            connection, Membership(account_id=one.account_id, organisation_id=HOME, role=Role.CREW)
        )
        connection.execute(text("UPDATE memberships SET role = 'wizard'"))
        with pytest.raises(Broken, match=r"Role 'wizard'.*newer version"):
            accounts.memberships_of(connection, one.account_id)


# organisations


@given(st.lists(st.integers(0, 5), min_size=1, max_size=6))
@SAME_DATABASE
def test_an_organisation_sees_what_is_below_it_and_nothing_else(
    engine: Engine, parents: list[int]
) -> None:
    run = uuid.uuid4().hex[:8]
    names = [HOME, *(f"{run}-{n}" for n in range(len(parents)))]
    above = {names[n + 1]: names[min(parent, n)] for n, parent in enumerate(parents)}
    tree(engine, *above.items())

    def climbs(name: str, to: str) -> bool:
        return name == to or (name in above and climbs(above[name], to))

    with reading(engine) as connection:
        for top in names:
            below = {one for one in names if climbs(one, top)}
            seen = organisations.seen_by(connection, top)
            assert below <= seen
            assert top == HOME or seen == below
        assert organisations.seen_by(connection, "nowhere") == frozenset()


def test_an_organisation_is_added_once_and_below_one_that_is_there(engine: Engine) -> None:
    tree(engine, ("kaga", HOME))
    for wrong, says, kind in (
        (("kaga", HOME), "'kaga' already", Conflict),
        ((HOME, "kaga"), "'home' already", Conflict),
        (("x", "nowhere"), "'nowhere'", NotFound),
    ):
        with pytest.raises(kind, match=says):
            tree(engine, wrong)
    with reading(engine) as connection:
        assert [o.organisation_id for o in organisations.everyone(connection)] == [HOME, "kaga"]


def test_a_new_name_leaves_identifier_and_place(engine: Engine) -> None:
    tree(engine, ("kaga", HOME))
    with writing(engine) as connection:
        renamed = organisations.rename(connection, "kaga", "加賀市")
        assert renamed == organisations.by_id(connection, "kaga")
        assert (renamed.name, renamed.parent_id) == ("加賀市", HOME)
        with pytest.raises(NotFound, match="'nowhere'"):
            organisations.rename(connection, "nowhere", "x")


def test_assets_are_given_all_or_none(engine: Engine) -> None:
    tree(engine, ("city-a", HOME), ("city-b", HOME))
    ids = [f"B-{n:04}" for n in range(1100)]
    with writing(engine) as connection:
        assets.save_all(connection, map(make_asset, ids))
        organisations.give(connection, "city-a", [*ids[:1050], *ids[:3]])  # more than two chunks
        assert organisations.asset_counts(connection) == {"city-a": 1050, HOME: 50}
        with pytest.raises(NotFound, match=r"no asset 'X-00', 'X-01', .*'X-09'$"):
            organisations.give(connection, "city-b", [*ids, *(f"X-{n:02}" for n in range(12))])
        with pytest.raises(NotFound, match="'nowhere'"):
            organisations.give(connection, "nowhere", ids)
        organisations.give(connection, "city-b", [])
        assert organisations.asset_counts(connection) == {"city-a": 1050, HOME: 50}
        organisations.give(connection, "city-b", ids)
        assert organisations.asset_counts(connection) == {"city-b": 1100}
