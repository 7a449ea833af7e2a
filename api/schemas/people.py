"""Shapes of people and tokens; a secret stands only in the answer that makes it."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field, SecretStr

from api.schemas.base import Shape
from inspection.domain.account import WORDS_MAX, Role
from inspection.store.accounts import Member
from inspection.store.sessions import Token

SCOPES_MOST = 20
LABEL_MAX = 100
DAYS_MOST = 366


class PersonIn(Shape):
    """Add a person to the own organisation."""

    name: str = Field(min_length=1, max_length=100, description="what they sign in with")
    display_name: str = Field(default="", max_length=WORDS_MAX, description="empty: the name")
    role: Role
    approver: bool = False
    with_password: bool = Field(
        default=True,
        description="draw a one-time password; false: they sign in through an issuer or by token",
    )


class PersonChange(Shape):
    """Say what a person is from now on, all of it."""

    display_name: str = Field(min_length=1, max_length=WORDS_MAX)
    role: Role
    approver: bool
    active: bool


class PersonOut(Shape):
    """Describe a person of the own organisation, without any secret."""

    account_id: UUID
    name: str
    display_name: str
    active: bool
    role: Role
    approver: bool
    elsewhere: bool = Field(description="belongs to another organisation too")
    has_password: bool
    has_issuer: bool = Field(description="signs in through an issuer of OpenID Connect")
    one_time_until: datetime | None = Field(
        description="until when a one-time password waits to be used"
    )
    created_at: datetime

    @classmethod
    def of(cls, member: Member) -> Self:
        """Lay a person out."""
        account, membership = member.account, member.membership
        return cls(
            account_id=account.account_id,
            name=account.name,
            display_name=account.display_name,
            active=account.active,
            role=membership.role,
            approver=membership.approver,
            elsewhere=member.elsewhere,
            has_password=member.has_password,
            has_issuer=member.has_issuer,
            one_time_until=member.once_until,
            created_at=member.created_at,
        )


class PersonList(Shape):
    """List the people of the own organisation by name."""

    people: list[PersonOut]


class OneTime(Shape):
    """Carry a one-time password, shown this once and kept nowhere."""

    person: PersonOut
    one_time_password: str | None


class PasswordChange(Shape):
    """Set a new password."""

    old: SecretStr = Field(min_length=1, max_length=1000)
    new: SecretStr = Field(min_length=1, max_length=1000)


class TokenIn(Shape):
    """Ask for an API token of one's own."""

    label: str = Field(min_length=1, max_length=LABEL_MAX, description="what it is for")
    scopes: list[str] = Field(min_length=1, max_length=SCOPES_MOST, examples=[["look"]])
    days: int = Field(default=90, ge=1, le=DAYS_MOST)


class TokenOut(Shape):
    """Describe an API token, without its secret."""

    token_id: str
    organisation_id: str
    label: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    living: bool

    @classmethod
    def of(cls, token: Token, now: datetime) -> Self:
        """Lay a token out."""
        return cls(
            token_id=token.token_id,
            organisation_id=token.organisation_id,
            label=token.label,
            scopes=list(token.scopes),
            created_at=token.created_at,
            expires_at=token.expires_at,
            revoked_at=token.revoked_at,
            living=token.revoked_at is None and token.expires_at > now,
        )


class TokenList(Shape):
    """List API tokens, oldest first, ended ones too."""

    tokens: list[TokenOut]
    scopes: list[str] = Field(description="what a token of this person may be limited to")


class NewToken(Shape):
    """Carry an API token, shown this once and kept nowhere."""

    secret: str
    token: TokenOut
