"""Hash and check passwords with argon2id; the only module that imports argon2.

Source: OWASP Password Storage Cheat Sheet (argon2id, 46 MiB, 1 pass, 1 lane); length and
normalisation after NIST SP 800-63B-4 §3.1.1.2 (a password that is the only factor has at least 15
characters; NFKC before it is hashed). Decision 46.
"""

import secrets
import threading
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from inspection.errors import BadInput

LENGTH_MIN = 15
LENGTH_MAX = 1000

SIGNS = "23456789abcdefghjkmnpqrstuvwxyz"
"""Signs of passwords that are drawn: none looks like another one."""

_hasher = PasswordHasher(time_cost=1, memory_cost=47_104, parallelism=1)
_turns = threading.BoundedSemaphore(4)
"""Each check takes 46 MiB: many at once must wait for each other, not for the memory."""


def checked(password: str, *, name: str) -> str:
    """Check that a new password is hard to guess; nothing of it stands in the message.

    Raises:
        BadInput: when it is too short, too long, or mostly the name or one character, or holds
            half a character.
    """
    if not _is_text(password):
        raise BadInput("this password holds bytes that are no characters; type it as UTF-8")
    same = _same_everywhere(password[: LENGTH_MAX + 1])
    if not LENGTH_MIN <= len(same) <= LENGTH_MAX:
        raise BadInput(
            f"a password has {LENGTH_MIN} to {LENGTH_MAX} characters, this has {len(same)}; "
            "several words together are easy to remember"
        )
    if len(set(same.lower()) - set(_same_everywhere(name).lower())) < 4:
        raise BadInput("this password is the name or a few characters repeated; take another")
    return password


def one_time() -> str:
    """Draw a password to be handed over and replaced: 20 signs that nobody mistakes, 98 bits."""
    groups = ("".join(secrets.choice(SIGNS) for _ in range(4)) for _ in range(5))
    return "-".join(groups)


def hashed(password: str) -> str:
    """Give the argon2id hash of a password in its own notation; the same on every keyboard."""
    with _turns:
        return _hasher.hash(_same_everywhere(password))


def matches(password_hash: str | None, password: str) -> bool:
    """Tell whether a password is the one that was hashed; takes as long when there is none.

    Hashes of before were made of what was typed, so that is tried too where it differs.
    """
    if len(password) > LENGTH_MAX or not _is_text(password):
        return False
    forms = dict.fromkeys((_same_everywhere(password), password))
    tried = [_verifies(password_hash, form) for form in forms]  # all of them: time tells nothing
    return any(tried)


def _verifies(password_hash: str | None, form: str) -> bool:
    with _turns:
        try:
            return _hasher.verify(password_hash or _nobody(), form) and bool(password_hash)
        except (VerificationError, InvalidHashError):
            return False


def _same_everywhere(password: str) -> str:
    """Write a password in one way: keyboards differ in accents, in width, and in how they compose.

    >>> _same_everywhere("ＡＢＣ　ｶﾞ"), _same_everywhere("e\u0301") == "\u00e9"
    ('ABC ガ', True)
    """
    return unicodedata.normalize("NFKC", password)


def _is_text(password: str) -> bool:
    """Tell whether a password can be hashed: JSON and terminals may carry half characters."""
    try:
        password.encode()
    except UnicodeEncodeError:
        return False
    return True


@cache
def _nobody() -> str:
    """Give a hash that stands for accounts that do not exist, so that time does not tell."""
    return _hasher.hash("nobody has this password")
