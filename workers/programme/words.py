"""Say in lines of text what a programme holds."""

from collections.abc import Iterator, Mapping, Sequence

from inspection.pipeline.allot import Difference
from inspection.pipeline.programmesheet import REPAIR, work_words
from inspection.store.programmes import KeptProgramme, WorkLine


def million(yen: float) -> str:
    """Write money in millions of yen.

    >>> million(12_345_678)
    '12.35'
    """
    return f"{yen / 1e6:,.2f}"


def say_summary(programme: KeptProgramme) -> Iterator[str]:
    """Say how much is spent when, how good the choice is, and what lacks."""
    outcome, terms = programme.outcome, programme.request["terms"]
    yield (
        f"{programme.name}: {programme.model}, prices {programme.request['price_list']!r}, "
        f"ageing {outcome['ageing']}"
    )
    for i, (budget, spent) in enumerate(
        zip(terms["budgets_yen"], outcome["spend_yen"], strict=True)
    ):
        works = sum(line.fiscal_year == terms["first_year"] + i for line in programme.lines)
        yield (
            f"  FY{terms['first_year'] + i}  budget {million(budget)}, planned {million(spent)} "
            f"million yen, {works} works"
        )
    yield (
        f"{outcome['method']} choice, at most {outcome['gap']:.2%} below the best possible; all "
        f"that would help costs {million(outcome['needed_yen'])} million yen"
    )
    for short in outcome["shortage"]:
        yield (
            f"SHORTAGE: {short['asset_id']} ({', '.join(short['rules'])}) needs at least "
            f"{million(short['least_yen'])} million yen by FY{short['fiscal_year']}"
        )
    for asset_id, task in outcome["late"]:
        yield f"LATE: {asset_id} ({task}) is done after its due year"
    for asset_id, reason in outcome["refused"].items():
        yield f"not scored: {asset_id}: {reason}"
    left_out = ", ".join(f"{n} {reason}" for reason, n in outcome["left_out"].items())
    if left_out:
        yield f"not put up: {left_out}"


def say_lines(
    programme: KeptProgramme, names: Mapping[str, str], lang: str, *, left: bool
) -> Iterator[str]:
    """Say each work by year, then what is not in the programme."""
    chosen = [line for line in programme.lines if line.fiscal_year is not None]
    for line in sorted(chosen, key=lambda one: (one.fiscal_year or 0, one.rank)):
        assert line.cost_yen is not None
        yield (
            f"  FY{line.fiscal_year}  {line.asset_id} {names.get(line.asset_id, '')}  "
            f"{work_words(line.work, lang)}  {million(line.cost_yen)} million yen  "
            f"{line.reason[lang]}"
        )
    if not left:
        return
    others = [line for line in programme.lines if line.fiscal_year is None]
    if others:
        yield "not in the programme:"
    for line in others:
        yield (
            f"  {line.asset_id} {names.get(line.asset_id, '')}{_task(line, lang)}  "
            f"{line.reason[lang]}"
        )


def _task(line: WorkLine, lang: str) -> str:
    return "" if line.task == REPAIR else f" ({work_words(line.task, lang)})"


def say_differences(
    before: KeptProgramme,
    after: KeptProgramme,
    changes: Sequence[Difference],
    names: Mapping[str, str],
    lang: str,
) -> Iterator[str]:
    """Say what a what-if changes."""
    for label, one in (("before", before), ("after", after)):
        spent = sum(one.outcome["spend_yen"])
        works = sum(line.fiscal_year is not None for line in one.lines)
        short = len(one.outcome["shortage"])
        yield (
            f"{label}: {works} works, {million(spent)} of "
            f"{million(sum(one.request['terms']['budgets_yen']))} million yen, benefit "
            f"{million(one.outcome['benefit'])} million, {short} short  ({one.model})"
        )
    if before.outcome["data"] != after.outcome["data"]:
        yield "the ledger has changed since: not all differences come from the what-if"
    for change in changes:
        name = names.get(change.asset_id, "")
        yield (
            f"  {change.asset_id} {name}: {_state(change.before, lang)} → "
            f"{_state(change.after, lang)}"
        )
    yield f"{len(changes)} works differ"


def _state(state: tuple[int, str] | None, lang: str) -> str:
    if state is None:
        return "計画外" if lang == "ja" else "not in the programme"
    return f"FY{state[0]} {work_words(state[1], lang)}"
