"""Keep the newest report beside its plan, and tell whether it lets the plan be flown."""

import hashlib
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flight.checks.finding import Outcome
from flight.checks.report import FORMAT, Report, to_plain
from flight.checks.words import Language
from inspection.errors import BadInput, Broken, Refused
from inspection.export.writing import replace_text

SUFFIX = ".check.json"
FRESH = timedelta(hours=24)
"""A check older than a day speaks of another day's wind, light and airspace."""
MAX_BYTES = 50_000_000


def record_path(plan: Path) -> Path:
    """Name the record beside a plan.

    >>> record_path(Path("a/pier.plan")).name
    'pier.plan.check.json'
    """
    return plan.with_name(plan.name + SUFFIX)


def digest_of(plan: Path) -> str:
    """Give the sha256 of a plan file.

    Raises:
        BadInput: when it cannot be read.
    """
    try:
        with plan.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise BadInput(f"{plan.name} cannot be read: {error.strerror or error}") from error


def write_record(report: Report, plan: Path, language: Language) -> Path:
    """Write a report beside its plan, in one step, and give its path."""
    path = record_path(plan)
    text = json.dumps(to_plain(report, language), ensure_ascii=False, indent=2)
    replace_text(path, text + "\n")
    return path


def require_clear(plan: Path, *, now: datetime) -> dict[str, Any]:
    """Give the record of a plan that may be flown.

    Args:
        plan: the mission file.
        now: aware time.

    Raises:
        Refused: when the plan was never checked, was edited since, the check is older than a
            day, or a refusal is open.
        Broken: when the record is damaged.
    """
    path = record_path(plan)
    if not path.is_file():
        raise Refused(f"{plan.name} has not been checked; run: tenken flight check {plan.name}")
    record = _read(path)
    again = f"run: tenken flight check {plan.name}"
    if record["plan_sha256"] != digest_of(plan):
        raise Refused(f"{plan.name} was edited after its check; {again}")
    checked_at = datetime.fromisoformat(record["checked_at"])
    if not timedelta(0) <= now - checked_at <= FRESH:
        raise Refused(f"the check of {plan.name} is from {checked_at.isoformat()}; {again}")
    if record["open_refusals"] or record["verdict"] == Outcome.REFUSE.value:
        names = ", ".join(record["open_refusals"])
        raise Refused(f"the check of {plan.name} refuses: {names}; mend the plan, or override it")
    return record


def _read(path: Path) -> dict[str, Any]:
    """Read a record and look whether it is whole."""
    if path.stat().st_size > MAX_BYTES:
        raise Broken(f"{path.name} is larger than {MAX_BYTES} bytes; it is no record of a check")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        refused = record["open_refusals"]
        whole = record["format"] == FORMAT and isinstance(refused, list)
        whole = whole and all(isinstance(name, str) for name in refused)
        aware = datetime.fromisoformat(record["checked_at"]).tzinfo is not None
        known = isinstance(record["plan_sha256"], str) and Outcome(record["verdict"])
    except (
        json.JSONDecodeError,
        UnicodeDecodeError,
        RecursionError,
        KeyError,
        TypeError,
        ValueError,
    ) as error:
        raise Broken(
            f"{path.name} is a damaged record of a check: {error!r}; check again"
        ) from error
    if not (whole and aware and known):
        raise Broken(f"{path.name} is a damaged record of a check; check again")
    assert isinstance(record, dict)
    return record
