import { useLanguage } from "../i18n/language";
import { areaText, shareText, type Trial } from "./model";
import { useClassName } from "./useClassName";

/** Say what one model found, by class. */
export function SingleTrial({ trial }: { trial: Trial }) {
  const { say } = useLanguage();
  const name = useClassName();
  const { figures } = trial;
  if (figures === null) return null;
  return (
    <section className="card figures-of-trial">
      <h2>
        {say("trialFigures")}: {trial.model.name}
      </h2>
      <p className="soft">
        {say("trialSurface")}: {areaText(figures.surface_m2)} · {figures.gsd_mm_per_px.toFixed(2)} mm/px · <code>{figures.model}</code>
        {figures.too_short > 0 && ` · ${say("trialTooShort")}: ${figures.too_short}`}
        {figures.outlines < figures.found && ` · ${say("trialOutlines")}: ${figures.outlines}`}
      </p>
      {figures.warnings.map((warning) => (
        <p key={warning} className="hint">
          {warning}
        </p>
      ))}
      {figures.classes.length === 0 ? (
        <p className="empty">{say("trialNothing")}</p>
      ) : (
        <div className="scroll" tabIndex={0} role="region" aria-label={say("trialFigures")}>
          <table>
            <thead>
              <tr>
                {(["damageClass", "trialCount", "length", "area", "trialShare"] as const).map((word) => (
                  <th key={word} scope="col" className={word === "damageClass" ? undefined : "number"}>
                    {say(word)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {figures.classes.map((one) => (
                <tr key={one.damage_class} data-class={one.damage_class}>
                  <th scope="row">{name(one.damage_class)}</th>
                  <td className="number">{one.count}</td>
                  <td className="number">{one.length_m === null ? "–" : `${one.length_m.toFixed(2)} m`}</td>
                  <td className="number">{areaText(one.area_m2)}</td>
                  <td className="number">{shareText(one.share)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
