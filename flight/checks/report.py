"""Report an examination: as text, as plain values for programs, as Markdown and HTML to file."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined

from flight.checks.examine import Examination
from flight.checks.finding import Finding, Outcome
from flight.checks.override import Override, holding
from flight.checks.rulefile import RuleSet
from flight.checks.words import Language, phrase, reason, title

FORMAT = 1
MOST_RUNS = 8
"""Of item numbers that a line names; the JSON report has them all."""
SIGNS = {"pass": "✓", "warn": "!", "refuse": "✗", "overridden": "○"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Carry an examination of one plan file with its overrides.

    Attributes:
        plan_name: of the file.
        plan_sha256: of the file.
        checked_at: aware time.
        examination: what was found.
        overrides: all of the plan's record; those that no longer hold count for nothing.
    """

    plan_name: str
    plan_sha256: str
    checked_at: datetime
    examination: Examination
    overrides: tuple[Override, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Give what was found."""
        return self.examination.findings

    def override(self, finding: Finding) -> Override | None:
        """Give the override that holds for a finding."""
        return holding(finding, self.overrides, self.plan_sha256)

    @property
    def open_refusals(self) -> tuple[Finding, ...]:
        """Give the refusals that nobody has overridden."""
        return tuple(one for one in self.examination.refusals if self.override(one) is None)

    def result(self, finding: Finding) -> str:
        """Give pass, warn, refuse or overridden."""
        return "overridden" if self.override(finding) is not None else finding.outcome.value

    @property
    def verdict(self) -> Outcome:
        """Give the gravest outcome that is still open."""
        if self.open_refusals:
            return Outcome.REFUSE
        open_ = [one for one in self.findings if one.outcome is not Outcome.PASS]
        return Outcome.WARN if open_ else Outcome.PASS


def verdict_text(report: Report, language: Language) -> str:
    """Say the result in one sentence. It never says that a flight is legal."""
    results = [report.result(finding) for finding in report.findings]
    counts = {key: results.count(key) for key in ("warn", "refuse", "overridden")}
    if counts["refuse"]:
        return phrase("verdict_refuse", language, **counts)
    if counts["overridden"]:
        return phrase("verdict_overridden", language, **counts)
    return phrase("verdict_warn" if counts["warn"] else "verdict_pass", language, **counts)


def to_plain(report: Report, language: Language) -> dict[str, Any]:
    """Give the report as plain values."""
    course = report.examination.course
    return {
        "format": FORMAT,
        "plan": report.plan_name,
        "plan_sha256": report.plan_sha256,
        "checked_at": report.checked_at.astimezone(UTC).isoformat(timespec="seconds"),
        "verdict": report.verdict.value,
        "statement": verdict_text(report, language),
        "open_refusals": [finding.check for finding in report.open_refusals],
        "flight": _summary(report),
        "takeoff_latlon_deg": list(course.latlon_deg(course.legs[0].start_m)),
        "rules": [_plain_rules(one, language) for one in report.examination.rules],
        "findings": [_plain_finding(report, one, language) for one in report.findings],
    }


def to_text(report: Report, language: Language) -> list[str]:
    """Give the lines for a terminal."""
    lines = [f"{report.plan_name}  {phrase('summary_text', language, **_summary(report))}"]
    for finding in report.findings:
        result = report.result(finding)
        word = phrase("refuse" if result == "overridden" else result, language)
        lines.append(f"{SIGNS[result]} {word:<7}{title(finding, language)}  [{finding.check}]")
        lines.extend(f"    {line}" for line in _details(report, finding, language))
    lines.append("")
    lines.extend(_rules_line(one, language) for one in report.examination.rules)
    lines.append(phrase("caution", language))
    lines.append(verdict_text(report, language))
    return lines


def to_markdown(report: Report, language: Language) -> str:
    """Give a Markdown document for the flight file."""

    def cell(text: str) -> str:
        """Keep a text inside of its cell and free of markup."""
        return html.escape(text, quote=False).replace("|", "\\|").replace("\n", " ")

    def word(key: str) -> str:
        return phrase(key, language)

    lines = [f"# {word('title')}", "", f"**{verdict_text(report, language)}**", ""]
    lines += [word("caution"), "", "| | |", "|---|---|"]
    lines += [f"| {cell(name)} | {cell(value)} |" for name, value in _head(report, language)]
    lines += ["", f"| {word('result')} | {word('check')} | {word('reason')} | {word('source')} |"]
    lines += ["|---|---|---|---|"]
    for finding in report.findings:
        result = report.result(finding)
        shown = word("refuse" if result == "overridden" else result)
        details = "<br>".join(cell(one) for one in _details(report, finding, language, False))
        name = f"{cell(title(finding, language))}<br>`{finding.check}`"
        source = cell(finding.source)
        lines.append(f"| {SIGNS[result]} {shown} | {name} | {details} | {source} |")
    lines += ["", f"{word('signature')}: ____________________", ""]
    return "\n".join(lines)


def to_html(report: Report, language: Language) -> str:
    """Give one HTML page, without anything from elsewhere, that prints on A4."""
    text = resources.files("flight.checks").joinpath("report.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    rows = [
        {
            "result": report.result(finding),
            "sign": SIGNS[report.result(finding)],
            "word": phrase(finding.outcome.value, language),
            "title": title(finding, language),
            "check": finding.check,
            "details": _details(report, finding, language, False),
            "source": finding.source,
        }
        for finding in report.findings
    ]
    names = ("title", "caution", "result", "check", "reason", "source", "signature")
    return environment.from_string(text).render(
        language=language.value,
        words={name: phrase(name, language) for name in names},
        verdict=verdict_text(report, language),
        verdict_class=report.verdict.value,
        head=_head(report, language),
        rows=rows,
    )


def _summary(report: Report) -> dict[str, float | int]:
    """Give the figures of the flight."""
    course = report.examination.course
    return {
        "length_m": round(sum(leg.length_m for leg in course.legs), 1),
        "minutes": round(course.seconds / 60, 2),
        "legs": len(course.legs),
        "photos": course.photos,
        "top_m": round(max(float(leg.end_m[2]) for leg in course.legs), 1),
    }


def _head(report: Report, language: Language) -> list[tuple[str, str]]:
    """Give the rows at the head of a document."""
    rules = [
        (phrase("rules", language), _rules_line(r, language)) for r in report.examination.rules
    ]
    return [
        (phrase("plan", language), report.plan_name),
        (phrase("digest", language), report.plan_sha256),
        (phrase("checked_at", language), report.checked_at.isoformat(timespec="seconds")),
        (phrase("summary", language), phrase("summary_text", language, **_summary(report))),
        *rules,
    ]


def _rules_line(rules: RuleSet, language: Language) -> str:
    """Say which rules were used, and how fresh they are."""
    name = getattr(rules.title, language.value)
    fresh = phrase("reviewed", language, day=rules.reviewed_on, since=rules.valid_from)
    parts = [f"{name} ({rules.id})", fresh]
    if rules.needs_review:
        parts.append(phrase("unreviewed", language))
    return "; ".join([*parts, str(rules.source_url)])


def _details(
    report: Report, finding: Finding, language: Language, with_source: bool = True
) -> list[str]:
    """Give the reason and all that belongs to it, a line each."""
    lines = [reason(finding, language)]
    if finding.outcome is not Outcome.PASS and (finding.items or finding.place_latlon_deg):
        lines.append(_where(finding, language))
    override = report.override(finding)
    if override is not None:
        at = override.at.isoformat(timespec="minutes")
        lines.append(phrase("overridden", language, by=override.by, at=at, why=override.why))
    if finding.note is not None and finding.outcome is not Outcome.PASS:
        lines.append(str(getattr(finding.note, language.value)))
    if finding.needs_review:
        lines.append(phrase("needs_review", language))
    if with_source and finding.outcome is not Outcome.PASS:
        lines.append(f"{phrase('source', language)}: {finding.source}")
    return lines


def _where(finding: Finding, language: Language) -> str:
    """Say with which items and where."""
    parts = []
    if finding.items:
        parts.append(phrase("items", language, items=_ranges(finding.items)))
    if finding.place_latlon_deg is not None:
        latitude, longitude = finding.place_latlon_deg
        parts.append(phrase("place", language, latitude=latitude, longitude=longitude))
    return ", ".join(parts)


def _ranges(numbers: Sequence[int]) -> str:
    """Write sorted numbers short.

    >>> _ranges((1, 2, 3, 7))
    '1–3, 7'
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    shown = [str(r[0]) if len(r) == 1 else f"{r[0]}–{r[-1]}" for r in runs[:MOST_RUNS]]
    return ", ".join([*shown, f"… {numbers[-1]}"] if len(runs) > MOST_RUNS else shown)


def _plain_rules(rules: RuleSet, language: Language) -> dict[str, Any]:
    return {
        "id": rules.id,
        "title": getattr(rules.title, language.value),
        "source_url": str(rules.source_url),
        "valid_from": rules.valid_from.isoformat(),
        "reviewed_on": rules.reviewed_on.isoformat(),
        "needs_review": rules.needs_review,
    }


def _plain_finding(report: Report, finding: Finding, language: Language) -> dict[str, Any]:
    override = report.override(finding)
    note = None if finding.note is None else str(getattr(finding.note, language.value))
    place = finding.place_latlon_deg
    return {
        "check": finding.check,
        "title": title(finding, language),
        "outcome": finding.outcome.value,
        "reason": finding.reason,
        "text": reason(finding, language),
        "facts": dict(finding.facts),
        "source": finding.source,
        "note": note,
        "items": list(finding.items),
        "place_latlon_deg": None if place is None else list(place),
        "needs_review": finding.needs_review,
        "override": None
        if override is None
        else {"by": override.by, "reason": override.why, "at": override.at.isoformat()},
    }
