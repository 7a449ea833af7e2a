"""Sessions, API tokens, failures of signing in, flows to an issuer: secrets and their ends."""

import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, text

from inspection.domain.account import Account, Membership, Role
from inspection.errors import BadInput, Conflict, NotFound
from inspection.store import accounts, sessions, signins
from inspection.store.engine import reading, writing
from inspection.store.identity_tables import api_tokens, oidc_flows
from inspection.store.identity_tables import sessions as session_rows
from inspection.store.scope import HOME
from inspection.store.sessions import TOKEN, hashed, new_secret
from inspection.store.signins import WINDOW, Brake, Flow
from tests.support.records import NOON

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
TICK = timedelta(microseconds=1)


@pytest.fixture
def member(engine: Engine) -> Membership:
    """Give an engineer of the prefecture."""
    account = Account(account_id=uuid.uuid4(), name="hanako", display_name="金沢 花子")
    made = Membership(account_id=account.account_id, organisation_id=HOME, role=Role.ENGINEER)
    with writing(engine) as connection:
        accounts.add(connection, account, password_hash=None, now=NOON)
        accounts.join(connection, made)
    return made


def text_of_everything(engine: Engine) -> str:
    with reading(engine) as connection:
        return str(
            [
                connection.execute(select(table)).all()
                for table in (session_rows, api_tokens, oidc_flows)
            ]
        )


# secrets


def test_secrets_are_long_safe_and_never_twice() -> None:
    drawn = {new_secret() for _ in range(1000)}
    assert len(drawn) == 1000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", secret) for secret in drawn)
    assert len({hashed(secret) for secret in drawn}) == 1000


@pytest.mark.parametrize(
    "token",
    ["", "tk_", "tk_0123456789ab_", "tk_0123456789ab_" + "a" * 42, "tk_0123456789ab_" + "a" * 44,
     "tk_0123456789AB_" + "a" * 43, "tk_0123456789ab-" + "a" * 43, "xx_0123456789ab_" + "a" * 43,
     "tk_0123456789ab_" + "a" * 42 + "\n", " tk_0123456789ab_" + "a" * 43,
     "tk_0123456789ab_" + "あ" * 43, "tk_' OR 1=1 --_" + "a" * 43],
)  # fmt: skip
def test_what_is_no_token_is_nobody_s(token: str) -> None:
    assert TOKEN.fullmatch(token) is None


# sessions


def test_a_session_lasts_until_its_end_and_not_a_moment_longer(
    engine: Engine, member: Membership
) -> None:
    end = NOON + HOUR
    with writing(engine) as connection:
        secret = sessions.open_session(connection, member, now=NOON, expires_at=end)
        found = sessions.of_session(connection, secret, end - TICK)
        assert found is not None
        assert (found.account.name, found.membership, found.scopes) == ("hanako", member, None)
        for wrong, now in ((secret, end), (secret, end + HOUR), (secret + "x", NOON), ("", NOON),
                           (hashed(secret), NOON)):  # fmt: skip
            assert sessions.of_session(connection, wrong, now) is None
    assert secret not in text_of_everything(engine)


def test_signing_out_twice_is_once_and_ends_one_session_only(
    engine: Engine, member: Membership
) -> None:
    with writing(engine) as connection:
        one, other = (
            sessions.open_session(connection, member, now=NOON, expires_at=NOON + HOUR)
            for _ in range(2)
        )
        for _ in range(2):
            sessions.close_session(connection, one)
        assert sessions.of_session(connection, one, NOON) is None
        assert sessions.of_session(connection, other, NOON) is not None


def test_ended_sessions_are_swept_when_somebody_signs_in(
    engine: Engine, member: Membership
) -> None:
    with writing(engine) as connection:
        for hours in (1, 2, 3):
            sessions.open_session(connection, member, now=NOON, expires_at=NOON + hours * HOUR)
        sessions.open_session(connection, member, now=NOON + 2 * HOUR, expires_at=NOON + 9 * HOUR)
        count = connection.execute(select(func.count()).select_from(session_rows)).scalar_one()
        assert count == 2


def test_a_session_acts_as_what_its_person_is_now(engine: Engine, member: Membership) -> None:
    promoted = Membership(
        account_id=member.account_id, organisation_id=HOME, role=Role.PLANNER, approver=True
    )
    with writing(engine) as connection:
        secret = sessions.open_session(connection, member, now=NOON, expires_at=NOON + HOUR)
        accounts.join(connection, promoted)
        found = sessions.of_session(connection, secret, NOON)
        assert found is not None and found.membership == promoted
        connection.execute(text("DELETE FROM memberships"))
        assert sessions.of_session(connection, secret, NOON) is None


def test_a_session_needs_somebody(engine: Engine) -> None:
    ghost = Membership(account_id=uuid.uuid4(), organisation_id=HOME, role=Role.CREW)
    with pytest.raises(Conflict), writing(engine) as connection:
        sessions.open_session(connection, ghost, now=NOON, expires_at=NOON + HOUR)


# tokens


def make_token(engine: Engine, member: Membership, label: str = "地図", **changes: object) -> str:
    values: dict[str, object] = {
        "scopes": {"read", "write"},
        "now": NOON,
        "expires_at": NOON + HOUR,
    }
    with writing(engine) as connection:
        return sessions.create_token(connection, member, label=label, **(values | changes))  # type: ignore[arg-type]


def test_a_token_is_given_once_and_kept_as_a_digest(engine: Engine, member: Membership) -> None:
    token = make_token(engine, member)
    assert TOKEN.fullmatch(token)
    assert token.split("_", 2)[2] not in text_of_everything(engine)
    with reading(engine) as connection:
        found = sessions.of_token(connection, token, NOON)
        assert found is not None
        assert (found.membership, found.scopes) == (member, frozenset({"read", "write"}))
        (listed,) = sessions.tokens_of(connection, member.account_id)
        assert (listed.label, listed.scopes, listed.revoked_at) == ("地図", ("read", "write"), None)
        assert (listed.created_at, listed.expires_at) == (NOON, NOON + HOUR)
        assert token.startswith(f"tk_{listed.token_id}_")


def test_a_token_of_another_secret_is_nobody_s(engine: Engine, member: Membership) -> None:
    token, other = make_token(engine, member), make_token(engine, member)
    crossed = token[:16] + other[16:]
    with reading(engine) as connection:
        assert sessions.of_token(connection, crossed, NOON) is None
        for wrong in (
            token[:-1],
            token + "a",
            token.upper(),
            f"{token[:-1]}{'b' if token[-1] == 'a' else 'a'}",
        ):
            assert sessions.of_token(connection, wrong, NOON) is None
        assert sessions.of_token(connection, token, NOON + HOUR - TICK) is not None
        assert sessions.of_token(connection, token, NOON + HOUR) is None


def test_a_revoked_token_stays_in_the_list_and_opens_nothing(
    engine: Engine, member: Membership
) -> None:
    first, second = (
        make_token(engine, member, "1"),
        make_token(engine, member, "2", now=NOON + SECOND),
    )
    token_id = first.split("_")[1]
    with writing(engine) as connection:
        with pytest.raises(NotFound, match=token_id):
            sessions.revoke_token(connection, uuid.uuid4(), token_id, NOON)  # somebody else's
        assert sessions.of_token(connection, first, NOON) is not None
        sessions.revoke_token(connection, member.account_id, token_id, NOON + SECOND)
        assert sessions.of_token(connection, first, NOON) is None
        assert sessions.of_token(connection, second, NOON) is not None
        with pytest.raises(NotFound, match="no living token"):
            sessions.revoke_token(connection, member.account_id, token_id, NOON)
        listed = sessions.tokens_of(connection, member.account_id)
    assert [(one.label, one.revoked_at) for one in listed] == [("1", NOON + SECOND), ("2", None)]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"scopes": set()}, "at least one scope"),
        ({"expires_at": NOON}, "which is past"),
        ({"expires_at": NOON - SECOND}, r"2026-05-01T02:59:59"),
    ],
)
def test_a_token_that_opens_nothing_is_not_made(
    engine: Engine, member: Membership, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        make_token(engine, member, **changes)
    with reading(engine) as connection:
        assert sessions.tokens_of(connection, member.account_id) == ()


def test_a_disabled_person_s_token_opens_nothing_until_they_are_back(
    engine: Engine, member: Membership
) -> None:
    token = make_token(engine, member)
    for active in (False, True):
        with writing(engine) as connection:
            accounts.set_active(connection, member.account_id, active=active)
            assert (sessions.of_token(connection, token, NOON) is not None) is active


# failures


def test_guessing_waits_until_the_oldest_failure_is_old(engine: Engine) -> None:
    brake, wide = Brake(key="hanako", failures_max=3), Brake(key="10.0.0.1", failures_max=5)
    with writing(engine) as connection:
        for minute in range(3):
            now = NOON + minute * timedelta(minutes=1)
            assert signins.wait_s(connection, [brake, wide], now) == 0
            signins.failed(connection, [brake, wide], now)
        now = NOON + timedelta(minutes=3)
        assert signins.wait_s(connection, [brake], now) == 12 * 60  # 15 min after the first
        assert signins.wait_s(connection, [wide], now) == 0
        assert signins.wait_s(connection, [wide, brake], now) == 12 * 60
        assert signins.wait_s(connection, [], now) == 0
        assert signins.wait_s(connection, [brake], NOON + WINDOW - TICK) == pytest.approx(1e-6)
        assert signins.wait_s(connection, [brake], NOON + WINDOW) == 0
        signins.failed(connection, [brake], NOON + WINDOW)  # the second one is the oldest now
        assert signins.wait_s(connection, [brake], NOON + WINDOW) == 60


def test_success_forgets_one_key_and_time_forgets_all(engine: Engine) -> None:
    one, other = Brake(key="a", failures_max=1), Brake(key="b", failures_max=1)
    with writing(engine) as connection:
        signins.failed(connection, [one, other], NOON)
        signins.forget(connection, one)
        assert signins.wait_s(connection, [one], NOON) == 0
        assert signins.wait_s(connection, [other], NOON) == WINDOW.total_seconds()
        assert signins.count(connection) == 1
        signins.failed(connection, [one], NOON + WINDOW)
        assert signins.count(connection) == 1
        keys = connection.execute(text("SELECT key_hash FROM sign_in_failures")).scalars().all()
    assert keys == [one.digest]
    assert one.digest != other.digest
    assert re.fullmatch(r"[0-9a-f]{64}", one.digest)


# flows

FLOW = Flow(state="s" * 30, nonce="n" * 30, code_verifier="v" * 60)


def test_a_flow_is_taken_once_and_in_time(engine: Engine) -> None:
    end = NOON + 10 * timedelta(minutes=1)
    with writing(engine) as connection:
        secret = signins.open_flow(connection, FLOW, now=NOON, expires_at=end)
        late = signins.open_flow(connection, FLOW, now=NOON, expires_at=end)
        assert signins.take_flow(connection, "x", NOON) is None
        assert signins.take_flow(connection, secret, end - TICK) == FLOW
        assert signins.take_flow(connection, secret, NOON) is None
        assert signins.take_flow(connection, late, end) is None
        assert signins.take_flow(connection, late, NOON) is None  # asking too late ends it too
        for _ in range(3):
            signins.open_flow(connection, FLOW, now=NOON, expires_at=end)
        signins.open_flow(connection, FLOW, now=end, expires_at=end + HOUR)
        rows = connection.execute(select(func.count()).select_from(oidc_flows)).scalar_one()
        assert rows == 1


def test_of_two_who_take_a_flow_together_one_gets_it(engine: Engine) -> None:
    for _ in range(3):
        with writing(engine) as connection:
            secret = signins.open_flow(connection, FLOW, now=NOON, expires_at=NOON + HOUR)

        def take(_: int, secret: str = secret) -> Flow | None:
            with writing(engine) as connection:
                return signins.take_flow(connection, secret, NOON)

        with ThreadPoolExecutor(4) as browsers:
            taken = list(browsers.map(take, range(4)))
        assert sorted(one is not None for one in taken) == [False, False, False, True]
