"""The whole error tree of Tenken, in families by who can act.

::

    TenkenError
    ├── BadInput      the caller can act: change the file, the value, the option   (422, exit 2)
    │   ├── BadPhoto        one photo cannot be used; set aside with its reason
    │   ├── BadGeometry     a polygon, line or control point is unusable
    │   ├── BadCodelist     a code-list or asset file breaks its own rules
    │   └── NotRegistered   photos could not be tied together into one mosaic
    ├── NotFound      the thing named does not exist                               (404, exit 2)
    ├── Conflict      the thing changed since it was read, or already exists       (409, exit 2)
    │   ├── IllegalTransition   a review step that the life of a defect forbids
    │   └── Overtaken       somebody else decided meanwhile; says who, what and when
    ├── Refused       a safety or policy limit; never overridden silently          (403, exit 3)
    │   └── GateStopped     what would become open data has something that must stay inside
    ├── Unavailable   a service outside is down or busy; try again with back-off   (503, exit 4)
    │   ├── OutOfMemory     the memory of the machine or its card did not suffice
    │   └── NotEnoughRoom   a survey needs more memory or disk than is free here
    └── Broken        our fault or a damaged file of ours                          (500, exit 5)

A message says what, which value with its unit, and what to do.

Two tables outside this module map families: ``api.errors`` to an HTTP status, ``workers.runtime``
to retry or dead. ``EXIT_CODES`` below is the contract of the command line (DESIGN §8).
"""

from collections.abc import Mapping, Sequence

WORDS_MAX = 2000
"""Longest message; a file of a stranger may hold a name of a million letters."""


class TenkenError(Exception):
    """Root of every error that Tenken raises on purpose."""

    def __str__(self) -> str:
        """Give the message; of a very long one the beginning and the end."""
        words = super().__str__()
        if len(words) <= WORDS_MAX:
            return words
        return f"{words[: WORDS_MAX - 403]} … {words[-400:]}"


class BadInput(TenkenError):
    """Say that the caller's file, value or option cannot be used as it is."""


class BadPhoto(BadInput):
    """Say that one photo cannot be used; a batch sets it aside and goes on."""


class BadGeometry(BadInput):
    """Say that a polygon, a line or a control point is unusable."""


class BadCodelist(BadInput):
    """Say that a code-list or an asset file breaks its own rules."""


class NotRegistered(BadInput):
    """Say that the photos could not be tied together into one mosaic."""


class NotFound(TenkenError):
    """Say that the thing named does not exist."""


class Conflict(TenkenError):
    """Say that the thing changed since it was read, or already exists."""


class IllegalTransition(Conflict):
    """Say that the life of a defect forbids this review step."""


class Overtaken(Conflict):
    """Say that somebody else changed the thing meanwhile, and what they did.

    Attributes:
        meanwhile: their changes, oldest first, in words: ``subject``, ``who``, ``when``, ``what``,
            ``version``.
    """

    def __init__(self, message: str, *, meanwhile: Sequence[Mapping[str, str]] = ()) -> None:
        super().__init__(message)
        self.meanwhile = tuple(meanwhile)


class Refused(TenkenError):
    """Say that a safety or policy limit forbids the action."""


class GateStopped(Refused):
    """Say that the gate before open data lets nothing of an inspection out.

    Attributes:
        code: why, for programs and other languages; a value of ``domain.gateword.GateCode``, or
            nothing where only the message is known.
        values: numbers and names that the words speak of.
    """

    def __init__(
        self, message: str, *, code: str = "", values: Mapping[str, str | int] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.values = dict(values or {})


class Unavailable(TenkenError):
    """Say that something outside is down or busy; trying again later may help."""


class OutOfMemory(Unavailable):
    """Say that the memory of this machine, or of its card, did not suffice."""


class NotEnoughRoom(Unavailable):
    """Say that a survey needs more memory or disk than is free on this machine."""


class Broken(TenkenError):
    """Say that Tenken itself, or a file it wrote, is damaged."""


FAMILIES: tuple[type[TenkenError], ...] = (
    BadInput,
    NotFound,
    Conflict,
    Refused,
    Unavailable,
    Broken,
)

EXIT_CODES: dict[type[TenkenError], int] = {
    BadInput: 2,
    NotFound: 2,
    Conflict: 2,
    Refused: 3,
    Unavailable: 4,
    Broken: 5,
}


def family(error: type[TenkenError]) -> type[TenkenError]:
    """Name the family that an error class belongs to.

    Raises:
        Broken: when the class is in no family, a fault of the programmer.

    >>> family(BadPhoto).__name__
    'BadInput'
    """
    for candidate in FAMILIES:
        if issubclass(error, candidate):
            return candidate
    raise Broken(f"error class {error.__name__} belongs to no family; derive it from one")


def exit_code(error: TenkenError) -> int:
    """Give the exit code of the command line for an error.

    >>> exit_code(Refused("wind 14 m/s"))
    3
    """
    return EXIT_CODES[family(type(error))]
