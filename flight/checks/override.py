"""Record who overrides which refusal of which plan, and why.

An override names the sha256 of the plan file and the digest of what was found. An edited plan, or
a finding that says something else (a stronger wind, a shorter distance), has no override.
Records are only ever added; the file is the flight's memory, not its state.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flight.checks.finding import Finding, Outcome
from flight.checks.words import Language, reason
from inspection.errors import BadInput, Broken, Unavailable
from inspection.export.writing import replace_text

FORMAT = 1
SUFFIX = ".overrides.json"
MAX_BYTES = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Carry one override.

    Attributes:
        check: name of the check.
        by: who takes the responsibility.
        why: the reason in words.
        at: aware UTC.
        plan_sha256: digest of the plan file.
        finding_sha256: digest of what was found.
        found: what was found, in English, for people.
    """

    check: str
    by: str
    why: str
    at: datetime
    plan_sha256: str
    finding_sha256: str
    found: str

    def __post_init__(self) -> None:
        """Check that a person and a reason are named.

        Raises:
            BadInput: when one is missing or the time carries no zone.
        """
        if len(self.by.strip()) < 2:
            raise BadInput(f"an override of {self.check!r} needs the name of a person (--by NAME)")
        if len(self.why.strip()) < 8:
            raise BadInput(
                f"an override of {self.check!r} needs a reason that others understand "
                f"(--reason TEXT, 8 characters or more), got {self.why!r}"
            )
        if self.at.tzinfo is None:
            raise BadInput("the time of an override must carry a zone")

    def covers(self, finding: Finding, plan_sha256: str) -> bool:
        """Tell whether it holds for a finding of a plan."""
        return (
            self.check == finding.check
            and self.plan_sha256 == plan_sha256
            and self.finding_sha256 == finding.digest
        )


def overrides_path(plan: Path) -> Path:
    """Name the record beside a plan.

    >>> overrides_path(Path("a/pier.plan")).name
    'pier.plan.overrides.json'
    """
    return plan.with_name(plan.name + SUFFIX)


def override_of(
    check: str,
    findings: Iterable[Finding],
    *,
    by: str,
    why: str,
    at: datetime,
    plan_sha256: str,
) -> Override:
    """Override one refusal.

    Raises:
        BadInput: when the check does not refuse, or name or reason is missing.
    """
    refused = {one.check: one for one in findings if one.outcome is Outcome.REFUSE}
    if check not in refused:
        there = ", ".join(refused) or "none"
        raise BadInput(
            f"{check!r} does not refuse, so there is nothing to override; refused: {there}"
        )
    found = refused[check]
    return Override(
        check=check,
        by=by.strip(),
        why=why.strip(),
        at=at.astimezone(UTC),
        plan_sha256=plan_sha256,
        finding_sha256=found.digest,
        found=reason(found, Language.EN),
    )


def read_overrides(path: Path) -> tuple[Override, ...]:
    """Read a record; a missing file holds none.

    Raises:
        Broken: when it is damaged. It is never taken for empty: that would hide a decision.
    """
    if not path.is_file():
        return ()
    if path.stat().st_size > MAX_BYTES:
        raise Broken(f"{path.name} is larger than {MAX_BYTES} bytes; it is no record of overrides")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']!r}")
        return tuple(_override(row) for row in content["overrides"])
    except (
        json.JSONDecodeError,
        UnicodeDecodeError,
        RecursionError,
        KeyError,
        TypeError,
        ValueError,
    ) as error:
        raise Broken(
            f"{path.name} is a damaged record of overrides: {error!r}; move it away and decide anew"
        ) from error


def add_overrides(path: Path, new: Sequence[Override]) -> tuple[Override, ...]:
    """Add overrides to a record and give all of it; the file is replaced in one step.

    Raises:
        Broken: when the record is damaged.
        Unavailable: when the folder cannot be read or written.
    """
    with _alone(path.parent):
        kept = (*read_overrides(path), *new)
        rows = {"format": FORMAT, "overrides": [_row(one) for one in kept]}
        replace_text(path, json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
    return kept


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one at a time read and add to the records of a folder, or a decision would be lost.

    The kernel lets go of the lock when the process dies, however it dies.

    Raises:
        Unavailable: when there is no such folder.
    """
    try:
        held = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be used: {error.strerror}; check the folder") from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def holding(finding: Finding, overrides: Iterable[Override], plan_sha256: str) -> Override | None:
    """Give the newest override that holds for a refusal, None when there is none."""
    if finding.outcome is not Outcome.REFUSE:
        return None
    held = [one for one in overrides if one.covers(finding, plan_sha256)]
    return max(held, key=lambda one: one.at, default=None)


def _row(override: Override) -> dict[str, str]:
    return {
        "check": override.check,
        "by": override.by,
        "reason": override.why,
        "at": override.at.isoformat(),
        "plan_sha256": override.plan_sha256,
        "finding_sha256": override.finding_sha256,
        "found": override.found,
    }


def _override(row: dict[str, Any]) -> Override:
    names = ("check", "by", "reason", "at", "plan_sha256", "finding_sha256", "found")
    texts = {name: row[name] for name in names}
    if not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("a field is no text")
    why, at = texts.pop("reason"), datetime.fromisoformat(texts.pop("at"))
    try:
        return Override(**texts, why=why, at=at)
    except BadInput as error:
        raise ValueError(str(error)) from error
