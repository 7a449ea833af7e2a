"""Say in words why something is in a programme, or why it is not.

Source: domain specification §5.4 (explain each non-selected asset).
"""

from dataclasses import dataclass

from inspection.domain.grade import Reason
from inspection.domain.programme import WORK_WORDS, Candidate, Chosen, Selection, Terms


def yen_words(yen: float) -> tuple[str, str]:
    """Write money for people, ja and en: whole thousands of yen from a million on.

    >>> yen_words(12_345_678), yen_words(99_500)
    (('12,346 千円', '12.35 million yen'), ('99,500 円', '99,500 yen'))
    """
    if abs(yen) < 1_000_000:
        return f"{yen:,.0f} 円", f"{yen:,.0f} yen"
    return f"{yen / 1000:,.0f} 千円", f"{yen / 1e6:,.2f} million yen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledgered:
    """Hold what the reasons of one programme refer to.

    Attributes:
        selection: what was chosen.
        terms: under which terms.
        marginal: least B/c among what competed and was chosen, a yen; None without any.
        left_yen: money left in each year.
    """

    selection: Selection
    terms: Terms
    marginal: float | None
    left_yen: tuple[int, ...]

    @classmethod
    def of(cls, selection: Selection, terms: Terms) -> "Ledgered":
        """Work out the marginal benefit for money and what is left of each budget."""
        ratios = [_ratio(one, terms) for one in selection.chosen if one.candidate.tier == 2]
        spent = selection.spend_yen(terms.years)
        return cls(
            selection=selection,
            terms=terms,
            marginal=min(ratios, default=None),
            left_yen=tuple(b - s for b, s in zip(terms.budgets_yen, spent, strict=True)),
        )

    def why_chosen(self, one: Chosen) -> Reason:
        """Say why a work is in the programme."""
        candidate, year = one.candidate, self.terms.fiscal_year(one.year)
        ja, en = WORK_WORDS[one.option.work]
        rules = ", ".join(candidate.rules)
        if candidate.tier == 0 and one.year == 0:
            return Reason(
                code="emergency",
                ja=f"緊急（{rules}）：初年度 {year} に{ja}",
                en=f"emergency ({rules}): {en} in the first year, FY{year}",
            )
        if candidate.tier < 2:
            late = one.year > candidate.due
            due = self.terms.fiscal_year(candidate.due)
            return Reason(
                code="must_late" if late else "must",
                ja=f"必須（{rules}）：期限 {due} 年度"
                + (f"に間に合わず {year} 年度" if late else ""),
                en=f"required ({rules}): due FY{due}"
                + (f", missed: done in FY{year}" if late else ""),
            )
        ratio = _ratio(one, self.terms)
        return Reason(
            code="competes",
            ja=f"効果／費用 {ratio:.2f}、優先度 {candidate.score:.1f}",
            en=f"benefit for cost {ratio:.2f}, priority {candidate.score:.1f}",
        )

    def why_left(self, candidate: Candidate) -> Reason:
        """Say why a candidate is not in the programme."""
        if not candidate.options:
            ja, en = _no_option(candidate)
            return Reason(code="no_option", ja=ja, en=en)
        cheapest = candidate.cheapest
        cost_ja, cost_en = yen_words(cheapest.cost_yen)
        most = max(self.terms.budgets_yen)
        if cheapest.cost_yen > most:
            most_ja, most_en = yen_words(most)
            return Reason(
                code="over_budget",
                ja=f"最も安い工事 {cost_ja} がどの年度の予算（最大 {most_ja}）も超える",
                en=f"its cheapest work costs {cost_en}, more than any year has ({most_en})",
            )
        if candidate.tier < 2:
            return self._shortage(candidate, cost_ja, cost_en)
        if all(option.benefit(0, self.terms.rate) <= 0 for option in candidate.options):
            return Reason(
                code="no_benefit",
                ja="どの工事もリスクも将来費用も減らさない",
                en="no work lowers its risk or its later costs",
            )
        return self._outbid(candidate)

    def _shortage(self, candidate: Candidate, cost_ja: str, cost_en: str) -> Reason:
        """Say that money lacks for what a hard rule asks for."""
        rules = ", ".join(candidate.rules)
        year = self.terms.fiscal_year(min(candidate.due, self.terms.years - 1))
        return Reason(
            code="shortage",
            ja=f"予算不足：{rules} は {year} 年度までに少なくとも {cost_ja} を要する",
            en=f"shortage: {rules} needs at least {cost_en} by FY{year}",
        )

    def _outbid(self, candidate: Candidate) -> Reason:
        """Say that others give more for the money, or that nothing fits into what is left."""
        rate, years = self.terms.rate, range(self.terms.years)
        best = max(option.benefit(0, rate) / option.cost_yen for option in candidate.options)
        spent_ja = "、".join(str(self.terms.fiscal_year(y)) for y in years)
        bundle = next((b for b in self.terms.bundles if candidate.asset_id in b), None)
        tied_ja = "" if bundle is None else f"；同時施工 {'・'.join(bundle)} と一括"
        tied_en = "" if bundle is None else f"; bundled with {', '.join(bundle)}"
        money_ja, money_en = yen_words(max(self.left_yen))
        if self.marginal is None or best < self.marginal:
            least = "" if self.marginal is None else f"{self.marginal:.2f}"
            return Reason(
                code="outbid",
                ja=f"効果／費用 {best:.2f} が採択の下限 {least} を下回る；"
                f"{spent_ja} 年度の予算は残り最大 {money_ja}{tied_ja}",
                en=f"benefit for cost {best:.2f} is below the margin {least}; budgets "
                f"{self._span()} exhausted, at most {money_en} left{tied_en}",
            )
        return Reason(
            code="does_not_fit",
            ja=f"効果／費用 {best:.2f} だが、{spent_ja} 年度の残り（最大 {money_ja}）に収まらない"
            f"{tied_ja}",
            en=f"benefit for cost {best:.2f}, but it does not fit into what {self._span()} have "
            f"left (at most {money_en}){tied_en}",
        )

    def _span(self) -> str:
        first, last = self.terms.first_year, self.terms.fiscal_year(self.terms.years - 1)
        return f"FY{first}" if first == last else f"FY{first} to FY{last}"


def _ratio(one: Chosen, terms: Terms) -> float:
    return one.option.benefit(one.year, terms.rate) / one.option.cost_yen


def _no_option(candidate: Candidate) -> tuple[str, str]:
    """Say why there is nothing to choose."""
    words = {
        "not_diagnosed": (
            "診断がない：先に点検・診断する（機械の候補では工事を決めない）",
            "not diagnosed: inspect first; a machine's candidate orders no work",
        ),
        "sound": ("健全性 I：工事の対象外", "sound: nothing to do"),
        "no_cost": ("適用できる単価がない", "no unit cost applies to it"),
        "no_quantity": (
            "数量がない：橋長・幅員（または延長）が不明",
            "its quantity is unknown: length or width is missing",
        ),
    }
    return words.get(candidate.why, (candidate.why, candidate.why))
