import type { Schemas } from "../client";
import { useLanguage } from "../i18n/language";
import { AGREEMENTS, amountOf, comparedRows } from "./model";
import type { Shown } from "./OutlineMap";
import { useClassName } from "./useClassName";

interface Props {
  compared: Schemas["ComparisonOut"];
  hidden: readonly Shown["group"][];
  onHidden: (hidden: readonly Shown["group"][]) => void;
}

const GROUPS = { both: "showBoth", onlyFirst: "showOnlyFirst", onlySecond: "showOnlySecond" } as const;
const SIDES = { first: "sideA", second: "sideB" } as const;

/** Say what two models found in the same place: both, called otherwise, only one of them. */
export function Compared({ compared, hidden, onHidden }: Props) {
  const { language, say } = useLanguage();
  const name = useClassName();
  const rows = comparedRows(compared);
  return (
    <section className="card compared">
      <h2>{say("comparison")}</h2>
      <p className="legend">
        {(["first", "second"] as const).map((side) => (
          <span key={side} className={`side-${side}`}>
            <i aria-hidden="true" />
            {say(SIDES[side])}: <b>{compared[side].trial.model.name}</b> ({compared[side].trial.figures?.seconds.toFixed(1)} s)
          </span>
        ))}
      </p>
      <p className="groups">
        {(Object.keys(GROUPS) as Shown["group"][]).map((group) => (
          <label key={group} className="check">
            <input
              type="checkbox"
              checked={!hidden.includes(group)}
              onChange={(event) => onHidden(event.target.checked ? hidden.filter((other) => other !== group) : [...hidden, group])}
            />
            {say(GROUPS[group])}
          </label>
        ))}
      </p>
      <p className="soft">
        {say("comparisonRule")}: {compared.tolerance_mm.toFixed(1)} mm
      </p>
      {compared.first.left_out + compared.second.left_out > 0 && (
        <p className="hint" role="note">
          {say("comparisonLeftOut")}: {say("sideA")} {compared.first.left_out.toLocaleString(language)}, {say("sideB")}{" "}
          {compared.second.left_out.toLocaleString(language)}
        </p>
      )}
      {rows.length === 0 ? (
        <p className="empty">{say("trialNothing")}</p>
      ) : (
        <div className="scroll" tabIndex={0} role="region" aria-label={say("comparison")}>
          <table>
            <thead>
              <tr>
                <th scope="col" rowSpan={2}>
                  {say("damageClass")}
                </th>
                {(["first", "second"] as const).map((side) => (
                  <th key={side} scope="colgroup" colSpan={3}>
                    {say(SIDES[side])}: {compared[side].trial.model.name}
                  </th>
                ))}
              </tr>
              <tr>
                {(["first", "second"] as const).flatMap((side) =>
                  AGREEMENTS.map((agreement) => (
                    <th key={`${side} ${agreement}`} scope="col" className="number">
                      {say(`agreement_${agreement}`)}
                    </th>
                  )),
                )}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.damageClass} data-class={row.damageClass}>
                  <th scope="row">{name(row.damageClass)}</th>
                  {(["first", "second"] as const).flatMap((side) =>
                    AGREEMENTS.map((agreement) => {
                      const figures = row[side][agreement];
                      return (
                        <td key={`${side} ${agreement}`} className="number" data-cell={`${side} ${agreement}`}>
                          {figures === null ? "–" : `${figures.count} (${amountOf(figures)})`}
                        </td>
                      );
                    }),
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
