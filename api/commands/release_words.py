"""Say in words how inspections stand, what was decided, and what the gate did."""

from collections.abc import Iterator, Mapping
from typing import Any

from inspection.domain.publicrow import Redacted
from inspection.pipeline.examine import Progress
from inspection.pipeline.publish import Change
from inspection.store.releases import ReleaseEvent


def say_progress(stands: Progress) -> Iterator[str]:
    """Say how far an inspection has come."""
    found = stands.evidence
    yield f"{stands.asset_id}  fiscal year {stands.fiscal_year}: {stands.state.value}"
    yield (
        f"  {found.surveys} surveys, {found.searched} processed; {found.unreviewed} detections "
        f"not reviewed; {found.records} element records; "
        f"{'diagnosed' if found.diagnosed else 'not diagnosed'}"
    )
    if found.failed:
        yield f"  {found.failed} more surveys failed and are no part of it"
    for words in stands.missing:
        yield f"  missing for an approval: {words}"
    if stands.changed:
        yield "  the data changed since the approval; the record shows what was approved"


def say_event(event: ReleaseEvent) -> str:
    """Say one decision in one line."""
    decided = event.decision
    return (
        f"{decided.at:%Y-%m-%d %H:%M} UTC  {decided.action.value}  {decided.asset_id} "
        f"{decided.fiscal_year}  {event.state_before.value} → {event.state_after.value}  "
        f"{decided.by}: {decided.why}"
    )


def say_redacted(passed: Redacted) -> Iterator[str]:
    """Say what would get out and what the gate did."""
    for name, value in passed.row.items():
        if value not in ("", None):
            yield f"  {name}: {value}"
    for word in passed.applied:
        yield f"gate: {word.en}"


def say_change(change: Change) -> str:
    """Say one line of the change log.

    >>> say_change(Change(day="2026-11-25", action="withdraw", asset_id="A", fiscal_year=2026,
    ...                   columns={}))
    '2026-11-25  withdraw  A 2026'
    """
    columns = ", ".join(
        f"{name} {before!r} → {after!r}" for name, (before, after) in change.columns.items()
    )
    head = f"{change.day}  {change.action}  {change.asset_id} {change.fiscal_year}"
    return f"{head}  {columns}" if columns else head


def say_figures(figures: Mapping[str, Any]) -> Iterator[str]:
    """Say the figures by kind of asset."""
    first, last = figures["cycle"]
    for kind, counted in figures["kinds"].items():
        levels = ", ".join(f"{name} {count}" for name, count in counted["soundness"].items())
        yield (
            f"{kind}: {counted['assets']} assets, {counted['published']} published, "
            f"{counted['inspected_in_cycle']} inspected in {first}–{last} "
            f"({_percent(counted['inspected_percent'])}); {levels}; urgent {counted['urgent']}, "
            f"done {counted['urgent_done']} ({_percent(counted['urgent_done_percent'])})"
        )


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value} %"
