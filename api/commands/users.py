"""Commands ``tenken users``: who may sign in, as what, and with which tokens.

They work on the database itself, for the owner of the machine; what they change is in the audit
log as done by ``command``.
"""

import json
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import click
from sqlalchemy import Connection

from api import passwords
from api.permission import permissions
from inspection.domain.account import Account, Membership, Role
from inspection.errors import BadInput
from inspection.pipeline.tools import SystemClock
from inspection.settings import OidcSettings, StoreSettings
from inspection.store import accounts, audit, schema, sessions
from inspection.store.audit import Event
from inspection.store.engine import create_engine, reading, writing
from inspection.store.scope import HOME

ACTOR = "command"

TOKEN_DAYS = 90

home_option = click.option(
    "--home", type=click.Path(path_type=Path, file_okay=False), help="Folder of rows and blobs."
)
org_option = click.option(
    "--org",
    "organisation_id",
    default=HOME,
    show_default=True,
    help="Identifier of the organisation.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Change accounts in one transaction, and say so in the audit log."""

    connection: Connection
    now: datetime

    def note(self, action: str, subject: str, organisation_id: str = "") -> None:
        """Tell the audit log."""
        event = Event(
            at=self.now,
            actor=ACTOR,
            organisation_id=organisation_id,
            action=action,
            subject=subject,
        )
        audit.append(self.connection, [event])


def database_url(home: Path | None) -> str:
    """Name the database; a home folder on the command line wins over the environment."""
    settings = (
        StoreSettings()
        if home is None
        else StoreSettings(home=home, database_url=None, blobs_url=None)
    )
    return settings.resolved_database_url()


@contextmanager
def changing(home: Path | None) -> Iterator[Desk]:
    """Open the database for one change; makes its tables where there are none."""
    url = database_url(home)
    schema.upgrade(url)
    engine = create_engine(url)
    with writing(engine) as connection:
        yield Desk(connection=connection, now=SystemClock().now())
    engine.dispose()


@contextmanager
def looking(home: Path | None) -> Iterator[Connection]:
    """Open the database to look."""
    engine = create_engine(database_url(home))
    with reading(engine) as connection:
        yield connection
    engine.dispose()


@click.group()
def users() -> None:
    """Say who may sign in. From the first account on, everybody must."""


@users.command()
@click.argument("name")
@click.option(
    "--role", required=True, type=click.Choice([role.value for role in Role]), help="Role."
)
@org_option
@click.option("--display", help="Name that others read beside a decision.  [default: NAME]")
@click.option("--approver", is_flag=True, help="May approve too; planners and admins only.")
@click.option("--no-password", is_flag=True, help="Signs in through an issuer or by token only.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@home_option
def add(
    *,
    name: str,
    role: str,
    organisation_id: str,
    display: str | None,
    approver: bool,
    no_password: bool,
    password_stdin: bool,
    home: Path | None,
) -> None:
    """Add an account, or a further organisation and role for one that is there.

    \b
    Examples:
      tenken users add hanako --role engineer --display '金沢 花子'
      tenken users add hanako --role viewer --org kanazawa
    """  # noqa: D301 click's mark
    with changing(home) as desk:
        known = accounts.credentials(desk.connection, name)
        if known is None:
            account = Account(account_id=uuid.uuid4(), name=name, display_name=display or name)
            stored = None if no_password else _hash_of_new(name, stdin=password_stdin)
            accounts.add(desk.connection, account, password_hash=stored, now=desk.now)
            desk.note("users add", f"account {account.account_id}")
        else:
            account = known.account
        membership = Membership(
            account_id=account.account_id,
            organisation_id=organisation_id,
            role=Role(role),
            approver=approver,
        )
        accounts.join(desk.connection, membership)
        what = f"account {account.account_id} is {role}{', approver' if approver else ''}"
        desk.note("users role", what, organisation_id)
    click.echo(f"{name} is {role} of {organisation_id}")


@users.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@home_option
def list_(*, as_json: bool, home: Path | None) -> None:
    """List accounts with their organisations and roles.

    Example: tenken users list --json
    """
    with looking(home) as connection:
        rows = [
            {
                "name": account.name,
                "display_name": account.display_name,
                "account_id": str(account.account_id),
                "active": account.active,
                "roles": [
                    {
                        "organisation": one.organisation_id,
                        "role": one.role.value,
                        "approver": one.approver,
                    }
                    for one in accounts.memberships_of(connection, account.account_id)
                ],
            }
            for account in accounts.everyone(connection)
        ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        click.echo(_line(row))
    if not rows:
        click.echo("nobody has an account: single-user mode, this machine only")


@users.command()
@click.argument("name")
@home_option
def disable(*, name: str, home: Path | None) -> None:
    """Keep an account from signing in, and sign it out now; its history stays.

    Example: tenken users disable hanako
    """
    _set_active(name, home, active=False)


@users.command()
@click.argument("name")
@home_option
def enable(*, name: str, home: Path | None) -> None:
    """Let a disabled account sign in again.

    Example: tenken users enable hanako
    """
    _set_active(name, home, active=True)


@users.command()
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@home_option
def password(*, name: str, password_stdin: bool, home: Path | None) -> None:
    """Give an account a new password, and sign it out everywhere.

    Example: tenken users password hanako
    """
    with changing(home) as desk:
        account = accounts.by_name(desk.connection, name)
        stored = _hash_of_new(name, stdin=password_stdin)
        accounts.set_password(desk.connection, account.account_id, stored)
        desk.note("users password", f"account {account.account_id}")
    click.echo(f"{name} has a new password")


@users.command()
@click.argument("name")
@click.option("--subject", required=True, help="The issuer's own identifier of the person.")
@click.option("--issuer", help="Address of the issuer.  [default: TENKEN_OIDC_ISSUER]")
@home_option
def link(*, name: str, subject: str, issuer: str | None, home: Path | None) -> None:
    """Let an account sign in through an issuer of OpenID Connect.

    Example: tenken users link hanako --subject 8d1c0f2e
    """
    known = issuer or OidcSettings().issuer
    if known is None:
        raise BadInput("name the issuer with --issuer or TENKEN_OIDC_ISSUER")
    with changing(home) as desk:
        account = accounts.by_name(desk.connection, name)
        accounts.link(desk.connection, account.account_id, issuer=known, subject=subject)
        desk.note("users link", f"account {account.account_id}")
    click.echo(f"{name} signs in as {subject} of {known}")


@users.group()
def token() -> None:
    """Make, list and revoke API tokens, for programs such as QGIS."""


@token.command()
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, help="A right, such as look.")
@click.option("--label", default="", help="What it is for.")
@click.option(
    "--days",
    type=click.IntRange(1, 366),
    default=TOKEN_DAYS,
    show_default=True,
    help="Days it is valid.",
)
@org_option
@home_option
def create(
    *,
    name: str,
    scopes: tuple[str, ...],
    label: str,
    days: int,
    organisation_id: str,
    home: Path | None,
) -> None:
    """Make a token and print it, for the only time; it may never do more than its account.

    Example: tenken users token create hanako --scope look --label QGIS
    """
    wanted = permissions().checked_scopes(scopes)
    with changing(home) as desk:
        account = accounts.by_name(desk.connection, name)
        mine = accounts.memberships_of(desk.connection, account.account_id)
        there = [one for one in mine if one.organisation_id == organisation_id]
        if not there:
            raise BadInput(f"{name} is no member of {organisation_id!r}")
        if missing := sorted(wanted - permissions().of(there[0])):
            raise BadInput(f"a {there[0].role.value} has no right {', '.join(missing)} to hand on")
        made = sessions.create_token(
            desk.connection,
            there[0],
            label=label,
            scopes=wanted,
            now=desk.now,
            expires_at=desk.now + timedelta(days=days),
        )
        about = f"token {made[3:15]} of account {account.account_id}"
        desk.note("users token create", about, organisation_id)
    click.echo(made)
    click.echo("keep it now: it is shown once and kept nowhere", err=True)


@token.command(name="list")
@click.argument("name")
@home_option
def list_tokens(*, name: str, home: Path | None) -> None:
    """List the tokens of an account, without their secrets.

    Example: tenken users token list hanako
    """
    with looking(home) as connection:
        account = accounts.by_name(connection, name)
        found = sessions.tokens_of(connection, account.account_id)
    for one in found:
        ended = "revoked" if one.revoked_at else f"until {one.expires_at:%Y-%m-%d}"
        scopes = ",".join(one.scopes)
        click.echo(f"{one.token_id}  {one.organisation_id}  {scopes}  {ended}  {one.label}")


@token.command()
@click.argument("name")
@click.argument("token_id")
@home_option
def revoke(*, name: str, token_id: str, home: Path | None) -> None:
    """End a token now.

    Example: tenken users token revoke hanako 0123456789ab
    """
    with changing(home) as desk:
        account = accounts.by_name(desk.connection, name)
        sessions.revoke_token(desk.connection, account.account_id, token_id, desk.now)
        about = f"token {token_id} of account {account.account_id}"
        desk.note("users token revoke", about)
    click.echo(f"token {token_id} opens nothing any more")


def _set_active(name: str, home: Path | None, *, active: bool) -> None:
    word = "enable" if active else "disable"
    with changing(home) as desk:
        account = accounts.by_name(desk.connection, name)
        accounts.set_active(desk.connection, account.account_id, active=active)
        desk.note(f"users {word}", f"account {account.account_id}")
    click.echo(f"{name} is {word}d")


def _hash_of_new(name: str, *, stdin: bool) -> str:
    """Ask for a new password, twice on a terminal, and give its hash."""
    if stdin:
        typed = sys.stdin.readline().rstrip("\r\n")
    else:
        typed = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return passwords.hashed(passwords.checked(typed, name=name))


def _line(row: dict[str, object]) -> str:
    roles = row["roles"]
    assert isinstance(roles, list)
    words = ", ".join(
        f"{one['role']} of {one['organisation']}{' (approver)' if one['approver'] else ''}"
        for one in roles
    )
    state = "" if row["active"] else "  disabled"
    return f"{row['name']}  {row['display_name']}  {words or 'no role'}{state}"
