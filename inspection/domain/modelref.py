"""Name a model so that a later one of the same name is not taken for it, and say who can load it.

A model is known by its name and the digest of its network, and one of the machine by how it is
described too: thresholds and classes change what it finds. Whoever chose one chose that: if file or
description were exchanged since, or no worker can load it any more, that is said and nothing else
is used in its place.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from inspection.errors import BadInput

ALIVE = timedelta(seconds=150)
"""Longest silence after which a worker is thought to be gone; it speaks up every half minute."""


class Origin(StrEnum):
    """Say where a model came from."""

    SHIPPED = "shipped"
    MACHINE = "machine"
    UPLOADED = "uploaded"


class Standing(StrEnum):
    """Say whether a model can be used."""

    USABLE = "usable"
    CHANGED = "changed"
    BROKEN = "broken"
    GONE = "gone"
    ASLEEP = "asleep"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRef:
    """Name one model.

    Attributes:
        name: what people call it.
        sha256: digest of its network, 64 hexadecimal digits.
        own_model_id: the upload that it came from; None for what the machine has.
        answers: digest of what changes its answers beside the network; empty for shipped models,
            for uploads, whose descriptions never change, and for what was chosen before such
            digests were kept.
    """

    name: str
    sha256: str
    own_model_id: uuid.UUID | None = None
    answers: str = ""

    def __post_init__(self) -> None:
        if len(self.sha256) != 64:
            raise BadInput(f"model {self.name}: sha256 {self.sha256[:12]!r} has not 64 digits")

    @property
    def key(self) -> str:
        """Give what workers call it by: the name of a file, or the identifier of an upload."""
        return self.name if self.own_model_id is None else str(self.own_model_id)

    @property
    def label(self) -> str:
        """Give name and short digest of the network, for people.

        >>> ModelRef(name="tenken-crack-n", sha256="ab" * 32).label
        'tenken-crack-n@abababababab'
        """
        return f"{self.name}@{self.sha256[:12]}"

    def is_met(self, sha256: str, answers: str) -> bool:
        """Tell whether a network and its description are what is named here.

        >>> chosen = ModelRef(name="a", sha256="0" * 64, answers="12ab34cd")
        >>> chosen.is_met("0" * 64, "12ab34cd"), chosen.is_met("0" * 64, "ffffffff")
        (True, False)
        """
        return self.sha256 == sha256 and self.answers in ("", answers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Say that one worker can load one model, or why it cannot.

    Attributes:
        worker: who.
        key: what it calls the model by, see ``ModelRef.key``.
        sha256: digest of the network that it has.
        origin: where it came from.
        fault: why it cannot be loaded; empty when it can.
        seen_at: when the worker said so last, aware UTC.
        answers: see ``ModelRef``.
    """

    worker: str
    key: str
    sha256: str
    origin: Origin
    fault: str
    seen_at: datetime
    answers: str = ""


def standing_of(ref: ModelRef, offers: Iterable[Offer], now: datetime) -> Standing:
    """Say whether a model can be used, from what the workers offer.

    >>> standing_of(ModelRef(name="a", sha256="0" * 64), [], datetime(2026, 4, 1)).value
    'asleep'
    """
    awake = [offer for offer in offers if now - offer.seen_at <= ALIVE]
    if not awake:
        return Standing.ASLEEP
    named = [offer for offer in awake if offer.key == ref.key]
    if any(ref.is_met(offer.sha256, offer.answers) and not offer.fault for offer in named):
        return Standing.USABLE
    if any(offer.fault for offer in named):
        return Standing.BROKEN
    return Standing.CHANGED if named else Standing.GONE


WORDS = {
    Standing.USABLE: "can be used",
    Standing.CHANGED: "was exchanged: by now the workers have another network of that name, or "
    "other thresholds for it",
    Standing.BROKEN: "is damaged: no worker can load it",
    Standing.GONE: "is not there any more: no worker can load it",
    Standing.ASLEEP: "cannot be looked for: no worker is running",
}


def told(ref: ModelRef, standing: Standing) -> str:
    """Say in words how a model stands, and what to do when it cannot be used.

    >>> told(ModelRef(name="a", sha256="0" * 64), Standing.GONE)[:60]
    'model a@000000000000 is not there any more: no worker can lo'
    """
    advice = {
        Standing.USABLE: "",
        Standing.ASLEEP: "; start 'tenken worker'",
    }.get(standing, "; choose another model, or bring the same file back")
    return f"model {ref.label} {WORDS[standing]}{advice}"
