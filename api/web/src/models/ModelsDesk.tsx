import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";

import { useLanguage } from "../i18n/language";
import { Trouble } from "../Trouble";
import { DefaultCard } from "./DefaultCard";
import { ModelTable } from "./ModelTable";
import { modelsQuery } from "./queries";
import { SurveyChoices } from "./SurveyChoices";
import { UploadForm } from "./UploadForm";

// with it comes the map library
const TrialDesk = lazy(() => import("./TrialDesk"));

/** Show which models there are, take new ones in, choose one, try and compare them. */
export function ModelsDesk() {
  const { say } = useLanguage();
  const [tab, setTab] = useState<"models" | "trials">("models");
  const { data, error } = useQuery(modelsQuery);
  if (data === undefined) return error ? <Trouble error={error} /> : <p className="empty">{say("loading")}</p>;
  return (
    <div className="models">
      <p className="tabs">
        <button type="button" aria-pressed={tab === "models"} onClick={() => setTab("models")}>
          {say("desk_models")}
        </button>
        <button type="button" aria-pressed={tab === "trials"} onClick={() => setTab("trials")}>
          {say("tryModels")}
        </button>
      </p>
      <p className="soft">{say(tab === "models" ? "modelsIntro" : "tryIntro")}</p>
      <p className={data.workers === 0 ? "trouble waiting" : "soft"}>
        {data.workers === 0 ? say("workersAsleep") : `${say("workersAwake")}: ${data.workers}`}
      </p>
      {tab === "models" ? (
        <>
          {data.models.length === 0 ? <p className="card empty">{say("modelsNone")}</p> : <ModelTable models={data.models} />}
          <DefaultCard models={data} />
          <UploadForm models={data} />
          <SurveyChoices models={data} />
        </>
      ) : (
        <Suspense fallback={<p className="empty">{say("loading")}</p>}>
          <TrialDesk models={data.models} />
        </Suspense>
      )}
    </div>
  );
}
