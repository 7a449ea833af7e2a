import { useLanguage } from "../i18n/language";
import { readBudgets, type TermsDraft } from "./terms";
import { PARTS, type Weights } from "./weights";

interface Props {
  draft: TermsDraft;
  priceLists: readonly string[];
  programmes: readonly string[];
  weights: Weights | null;
  ready: boolean;
  onDraft: (draft: TermsDraft) => void;
  onDraw: () => void;
}

/** Ask for years, money and prices. */
export function TermsForm({ draft, priceLists, programmes, weights, ready, onDraft, onDraw }: Props) {
  const { say } = useLanguage();
  const change = (field: keyof TermsDraft) => (event: { target: { value: string } }) =>
    onDraft({ ...draft, [field]: event.target.value });
  const badMoney = readBudgets(draft.budgets, Number(draft.years)) === null;
  return (
    <form
      className="terms"
      onSubmit={(event) => {
        event.preventDefault();
        onDraw();
      }}
    >
      <label>
        {say("firstYear")}
        <input inputMode="numeric" value={draft.firstYear} onChange={change("firstYear")} />
      </label>
      <label>
        {say("yearCount")}
        <input inputMode="numeric" value={draft.years} onChange={change("years")} />
      </label>
      <label className="whole">
        {say("budgets")}
        <input value={draft.budgets} onChange={change("budgets")} aria-invalid={badMoney} aria-describedby="budget-hint" />
      </label>
      <p id="budget-hint" className="soft whole">
        {say("budgetHint")}
      </p>
      <label>
        {say("priceList")}
        <select value={draft.priceList} onChange={change("priceList")}>
          {priceLists.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label>
        {say("compareWith")}
        <select value={draft.compareWith} onChange={change("compareWith")}>
          <option value="">–</option>
          {programmes.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      {priceLists.length === 0 && <p className="hint whole">{say("noPrices")}</p>}
      {weights !== null && (
        <p className="hint whole">
          {say("weights")}: {PARTS.map((part) => `${part} ${Math.round(weights[part] * 100)} %`).join(", ")}
        </p>
      )}
      <button type="submit" className="confirm whole" disabled={!ready}>
        {say("drawUp")}
      </button>
    </form>
  );
}
