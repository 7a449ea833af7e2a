import { useQuery } from "@tanstack/react-query";

import { go } from "../address";
import { useLanguage } from "../i18n/language";
import { classesQuery, worklistQuery } from "../queries";
import { shown } from "../review/quantity";
import { Trouble } from "../Trouble";
import { ExportLinks } from "./ExportLinks";

/** Show the ranked work list of a survey with the reasons behind each rank. */
export function WorklistPage({ surveyId }: { surveyId: string }) {
  const { language, say } = useLanguage();
  const list = useQuery(worklistQuery(surveyId));
  const classes = useQuery(classesQuery);
  const labels = new Map(classes.data?.damage_classes.map((entry) => [entry.code, entry]));
  return (
    <main className="page">
      <div className="title">
        <h1>{say("worklist")}</h1>
        <span className="soft">{list.data?.model}</span>
        <span className="grow" />
        <a
          href={`/app/surveys/${surveyId}`}
          onClick={(event) => {
            event.preventDefault();
            go({ name: "review", surveyId });
          }}
        >
          {say("back")}
        </a>
        <ExportLinks surveyId={surveyId} />
      </div>
      <Trouble error={list.error} />
      <div className="scroll">
        <table>
          <thead>
            <tr>
              {(["rank", "damageClass", "grade", "length", "width", "state", "score", "reasons"] as const).map(
                (word) => (
                  <th key={word} scope="col">
                    {say(word)}
                  </th>
                ),
              )}
            </tr>
          </thead>
          <tbody>
            {list.data?.rows.map((row) => (
              <tr key={row.defect_id} data-defect={row.defect_id}>
                <td>{row.rank}</td>
                <td>
                  <a
                    href={`/app/surveys/${row.survey_id}/defects/${row.defect_id}`}
                    onClick={(event) => {
                      event.preventDefault();
                      go({ name: "review", surveyId: row.survey_id, defectId: row.defect_id });
                    }}
                  >
                    {labels.get(row.damage_class)?.[language] ?? row.damage_class}
                  </a>
                </td>
                <td>{row.grade?.candidates.join(" / ") ?? "–"}</td>
                <td>{row.length_m ? shown(row.length_m, "m", 2) : "–"}</td>
                <td>{row.width_mm ? shown(row.width_mm, "mm", 1) : "–"}</td>
                <td>
                  <b className={`state ${row.state}`}>{say(row.state)}</b>
                </td>
                <td>{row.score.toFixed(1)}</td>
                <td className="long">
                  {row.reasons.map((part) => `${part[language]} +${part.points.toFixed(1)}`).join("; ")}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {list.data?.rows.length === 0 && <p className="empty">{say("noDefects")}</p>}
    </main>
  );
}
