import { useQuery } from "@tanstack/react-query";

import { useLanguage } from "../i18n/language";
import { explanationQuery } from "../queries";
import { Trouble } from "../Trouble";
import type { Part } from "./weights";

/** Explain the score of one asset: every point with its reason. */
export function Explanation({ assetId, weights }: { assetId: string; weights: string | undefined }) {
  const { language, say } = useLanguage();
  const { data, error } = useQuery(explanationQuery(assetId, weights));
  if (error) return <Trouble error={error} />;
  if (data === undefined) return <p className="empty">{say("loading")}</p>;
  return (
    <>
      <h2>{data.name}</h2>
      <p className="identity">{data.asset}</p>
      <dl>
        <dt>{say("score")}</dt>
        <dd>{data.score.toFixed(2)}</dd>
        <dt>{say("tier")}</dt>
        <dd>{say(`tier_${data.tier as 0 | 1 | 2}`)}</dd>
        <dt>{say("confidence")}</dt>
        <dd>{Math.round(data.confidence * 100)} %</dd>
        <dt>{say("model")}</dt>
        <dd>{data.model}</dd>
      </dl>
      {data.rules.length > 0 && (
        <ul className="findings">
          {data.rules.map((rule) => (
            <li key={rule.rule}>
              <b>{rule.rule}</b> {rule[language]}
              {rule.provisional && <span className="badge">{say("needsReview")}</span>}
            </li>
          ))}
        </ul>
      )}
      {data.parts.map((part) => (
        <section key={part.k}>
          <h3>
            <i className={`part part-${part.k}`} /> {say(`part_${part.k as Part}`)}: {part.value.toFixed(1)} ×{" "}
            {part.weight.toFixed(2)} = {part.points.toFixed(1)}
          </h3>
          <ul className="points">
            {part.items.map((item) => (
              <li key={item.code}>
                <b>{item.pts > 0 ? `+${item.pts}` : item.pts}</b> {item[language]}
                {item.origin !== "known" && <span className="badge">{say(`origin_${item.origin as "neutral"}`)}</span>}
              </li>
            ))}
          </ul>
        </section>
      ))}
      {data.missing.length > 0 && (
        <p className="hint">
          {say("missing")}: {data.missing_words.map((word) => word[language]).join(language === "ja" ? "、" : ", ")}
        </p>
      )}
    </>
  );
}
