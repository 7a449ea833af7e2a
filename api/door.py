"""Say how the service is reached, and by that whether people must sign in and how safely.

Reached under a loopback name only, and while nobody has an account, Tenken works for the person at
this machine without a sign-in: *single-user mode*. Reached under any other name it never does.
"""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from api.oidc import Issuer
from inspection.errors import Refused

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
SESSION_LIFE = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Hold what the gate, the guard of the edge and the sign-in need to know.

    Attributes:
        public_url: address that people use, such as ``https://tenken.example.jp``; None: loopback.
        issuer: who may vouch for people by OpenID Connect; None for nobody.
    """

    public_url: str | None = None
    issuer: Issuer | None = None

    def __post_init__(self) -> None:
        """Check that passwords do not cross a network in the clear."""
        if self.public_url is None:
            return
        try:
            parts = urlsplit(self.public_url)
            whole = bool(self.host) and parts.port != 0 and parts.username is None
        except ValueError:  # half a bracket, a port that no machine has, a name that is none
            whole = False
        if not whole or parts.path not in ("", "/") or parts.query or parts.fragment:
            raise Refused(
                f"TENKEN_PUBLIC_URL {self.public_url!r} is no address of a whole site; write it "
                "like https://tenken.example.jp"
            )
        if parts.scheme != "https" and parts.hostname not in LOOPBACK_NAMES:
            raise Refused(
                f"TENKEN_PUBLIC_URL {self.public_url!r} is not https: passwords would cross the "
                "network in the clear; put a proxy with a certificate in front, see "
                "docs/run-it-for-many.md"
            )

    @property
    def host(self) -> str | None:
        """Name the host that people use, without port; None for loopback only.

        Browsers spell a Japanese name in ASCII (IDNA), so that is what it is compared with.
        """
        name = None if self.public_url is None else urlsplit(self.public_url).hostname
        return None if name is None else name.encode("idna").decode("ascii")

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """Name the hosts under which the service answers."""
        return LOOPBACK_NAMES if self.host is None else LOOPBACK_NAMES | {self.host}

    @property
    def single_user_allowed(self) -> bool:
        """Tell whether the person at this machine may work without a sign-in."""
        return self.host is None or self.host in LOOPBACK_NAMES

    @property
    def secure(self) -> bool:
        """Tell whether browsers reach the service by https."""
        return self.public_url is not None and self.public_url.startswith("https:")

    @property
    def session_cookie(self) -> str:
        """Name the cookie of a session; the prefix binds it to this host and to https."""
        return "__Host-tenken_session" if self.secure else "tenken_session"

    @property
    def flow_cookie(self) -> str:
        """Name the cookie of a sign-in that an issuer is asked about."""
        return "__Host-tenken_flow" if self.secure else "tenken_flow"
