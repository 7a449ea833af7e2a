"""Let an issuer of OpenID Connect vouch for people: authorization code with PKCE.

The only module that imports Authlib and joserfc. What an issuer says about a person (their name,
their e-mail) is not believed: an account is found by the issuer's own identifier of the person,
which an administrator has linked to it (``tenken users link``).

Source: OpenID Connect Core 1.0 §3.1, Discovery 1.0 §4; RFC 7636 (PKCE); RFC 9700 §2.1.
"""

import secrets
import threading
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

import httpx2 as httpx  # Authlib raises the errors of this one, not of httpx
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from inspection.errors import BadInput, Refused, Unavailable
from inspection.store.signins import Flow

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
"""Signatures that are believed: asymmetric ones only, never ``none`` or the client's secret."""

SCOPE = "openid"
TIMEOUT_S = 10.0
LEEWAY_S = 60
"""How far the issuer's clock may be from ours."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Hold where an issuer is and who we are to it.

    Attributes:
        url: identifier and address of the issuer.
        client_id: our name there.
        client_secret: our password there; None for a public client, which PKCE alone protects.
    """

    url: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    _known: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check that the issuer is reached safely."""
        parts = urlsplit(self.url)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise Refused(f"TENKEN_OIDC_ISSUER {self.url!r} is not https, so nobody can trust it")

    def begin(self, redirect_uri: str) -> tuple[str, Flow]:
        """Give the address at the issuer to which a browser goes, and what must come back.

        Raises:
            Unavailable: when the issuer does not say where that is.
        """
        flow = Flow(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            code_verifier=secrets.token_urlsafe(48),
        )
        with self._client(redirect_uri) as client:
            url, _ = client.create_authorization_url(
                self._endpoint("authorization_endpoint"),
                state=flow.state,
                nonce=flow.nonce,
                code_verifier=flow.code_verifier,
            )
        return str(url), flow

    def finish(self, flow: Flow, *, code: str, state: str, redirect_uri: str) -> str:
        """Turn the code that a browser brought back into the issuer's identifier of the person.

        Raises:
            Refused: when the answer is not the one to our question, or is not to be believed.
            Unavailable: when the issuer cannot be reached.
        """
        if not secrets.compare_digest(state.encode(), flow.state.encode()):
            raise Refused("this sign-in was not begun in this browser; begin it again")
        with self._client(redirect_uri) as client:
            try:
                token = client.fetch_token(
                    self._endpoint("token_endpoint"),
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=flow.code_verifier,
                )
            except OAuthError as error:
                raise Refused(f"the issuer refused the sign-in ({error.error})") from error
            except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
                raise _unreachable(self.url) from error
        return self._subject(str(token.get("id_token", "")), flow.nonce)

    def _subject(self, id_token: str, nonce: str) -> str:
        """Read whom an ID token is about, after every check that OpenID Connect demands."""
        claims = self._claims(id_token)
        rules = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self.url},
            aud={"essential": True, "value": self.client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            rules.validate(claims)
        except JoseError as error:
            raise Refused(f"the issuer's ID token is not for this sign-in ({error})") from error
        audience, party = claims["aud"], claims.get("azp")
        several = isinstance(audience, list) and len(audience) > 1
        if party != self.client_id and (several or party is not None):
            raise Refused("the issuer's ID token is for several programs and not for this one")
        return str(claims["sub"])

    def _claims(self, id_token: str) -> dict[str, Any]:
        """Check the signature; an issuer may have new keys since we asked."""
        for fresh in (False, True):
            try:
                return dict(jwt.decode(id_token, self._keys(fresh=fresh), ALGORITHMS).claims)
            except (JoseError, ValueError) as error:
                failure = error
        raise Refused("the issuer's ID token is not signed by the issuer") from failure

    def _keys(self, *, fresh: bool) -> KeySet:
        with self._lock:
            if fresh or "keys" not in self._known:
                url = self._discovered(fresh=False).get("jwks_uri")
                if not isinstance(url, str):
                    raise Unavailable(f"issuer {self.url} names no jwks_uri")
                found = {"keys": [], **_fetched(url)}
                self._known["keys"] = KeySet.import_key_set(cast("Any", found))
            return cast("KeySet", self._known["keys"])

    def _endpoint(self, name: str) -> str:
        with self._lock:
            found = self._discovered(fresh=False).get(name)
        if not isinstance(found, str):
            raise Unavailable(f"issuer {self.url} names no {name}")
        return found

    def _discovered(self, *, fresh: bool) -> dict[str, Any]:
        if fresh or "metadata" not in self._known:
            found = _fetched(f"{self.url.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self.url:
                raise BadInput(
                    f"TENKEN_OIDC_ISSUER is {self.url!r}, the issuer calls itself "
                    f"{found.get('issuer')!r}; write it as it does"
                )
            self._known["metadata"] = found
        return cast("dict[str, Any]", self._known["metadata"])

    def _client(self, redirect_uri: str) -> OAuth2Client:
        return OAuth2Client(
            client_id=self.client_id,
            client_secret=self.client_secret,
            token_endpoint_auth_method="client_secret_basic" if self.client_secret else "none",
            scope=SCOPE,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            timeout=TIMEOUT_S,
            trust_env=False,
        )


def _fetched(url: str) -> dict[str, Any]:
    try:
        with httpx.Client(timeout=TIMEOUT_S, trust_env=False) as client:
            answer = client.get(url).raise_for_status().json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise _unreachable(url) from error
    if not isinstance(answer, dict):
        raise _unreachable(url)
    return answer


def _unreachable(url: str) -> Unavailable:
    try:
        where = urlsplit(url).netloc
    except ValueError:  # the issuer named a place that is none
        where = url
    return Unavailable(f"the issuer does not answer at {where}; try again")
