"""A small issuer of OpenID Connect on this machine: real addresses, real keys, real signatures.

It checks what a good issuer checks (client, redirect address, PKCE, codes used once) and can be
told to misbehave in one way, so that a test sees what we refuse.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

CLIENT_ID = "tenken-test"


@dataclass
class Behaviour:
    """Say what the issuer does otherwise than it should; nothing by itself."""

    subject: str = "person-1"
    claims: dict[str, Any] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)
    signed_by: str = "own key"
    issuer_named: str | None = None


@dataclass
class Issuer:
    """Run behind ``url`` and remember the codes it gave."""

    url: str = ""
    behaviour: Behaviour = field(default_factory=Behaviour)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1"}))
    other: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1"}))
    curve: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "e1"}))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    secret: str | None = None
    seen: list[str] = field(default_factory=list)

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.behaviour.issuer_named or self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }

    def keys(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False), self.curve.as_dict(private=False)]}

    def authorize(self, query: dict[str, str]) -> str:
        """Let the person agree at once; give the address to which their browser goes back."""
        assert query["response_type"] == "code" and query["client_id"] == CLIENT_ID
        assert query["code_challenge_method"] == "S256" and query["code_challenge"]
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        back = urlencode({"code": code, "state": query["state"]})
        return f"{query['redirect_uri']}?{back}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proven = base64.urlsafe_b64encode(challenge).decode().rstrip("=")
        if (
            asked is None
            or proven != asked["code_challenge"]
            or form.get("redirect_uri") != asked["redirect_uri"]
            or form.get("grant_type") != "authorization_code"
        ):
            return 400, {"error": "invalid_grant"}
        if self.secret is not None:
            basic = base64.b64encode(f"{CLIENT_ID}:{self.secret}".encode()).decode()
            if authorization != f"Basic {basic}":
                return 401, {"error": "invalid_client"}
        elif form.get("client_id") != CLIENT_ID:
            return 401, {"error": "invalid_client"}
        return 200, {
            "access_token": secrets.token_urlsafe(16),
            "token_type": "Bearer",
            "id_token": self.id_token(asked["nonce"]),
        }

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "sub": self.behaviour.subject,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            **self.behaviour.claims,
        }
        kept = {
            name: value for name, value in claims.items() if name not in self.behaviour.left_out
        }
        if self.behaviour.signed_by == "none":
            parts = [json.dumps({"alg": "none"}), json.dumps(kept)]
            encoded = [
                base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts
            ]
            return ".".join([*encoded, ""])
        if self.behaviour.signed_by == "curve":
            return jwt.encode({"alg": "ES256", "kid": "e1"}, kept, self.curve)
        key = self.key if self.behaviour.signed_by == "own key" else self.other
        return jwt.encode({"alg": "RS256", "kid": "k1"}, kept, key)


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    """Serve an issuer on a free port of this machine."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            issuer.seen.append(parts.path)
            if parts.path == "/authorize":
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                self.send_response(302)
                self.send_header("Location", issuer.authorize(query))
                self.end_headers()
                return
            answers = {
                "/.well-known/openid-configuration": issuer.metadata,
                "/keys": issuer.keys,
            }
            self._json(200, answers[parts.path]())

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            form = {k: v[0] for k, v in parse_qs(self.rfile.read(length).decode()).items()}
            self._json(*issuer.token(form, self.headers.get("Authorization", "")))

        def _json(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()
