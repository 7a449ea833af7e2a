"""Say who is signed in, and take a sign-in."""

from typing import Literal
from uuid import UUID

from pydantic import Field, SecretStr

from api.schemas.base import Shape


class SignIn(Shape):
    """Carry a name and its password."""

    name: str = Field(min_length=1, max_length=100)
    password: SecretStr = Field(min_length=1, max_length=1000)
    organisation_id: str | None = Field(
        default=None, max_length=100, description="for whom; the first one unless said"
    )


class AccountOut(Shape):
    """Name an account."""

    account_id: UUID
    name: str
    display_name: str


class OrganisationOut(Shape):
    """Name an organisation."""

    organisation_id: str
    name: str


class SessionOut(Shape):
    """Say who is signed in and what they may do."""

    mode: Literal["single-user", "accounts"] = Field(
        description="single-user: only this machine is served and nobody has an account"
    )
    account: AccountOut | None = Field(description="None when nobody is signed in")
    organisation: OrganisationOut | None
    role: str | None
    rights: list[str] = Field(description="what the pages may offer; the service checks anyway")
    csrf: str | None = Field(description="to be sent as X-Tenken-CSRF with every change")
    must_change_password: bool = Field(
        description="an administrator chose the password; nothing else is allowed until it is "
        "changed: POST /api/account/password"
    )
    oidc: bool = Field(description="there is an issuer that vouches: /api/oidc/start")
