import { useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useSyncExternalStore } from "react";

import { go } from "../address";
import { useLanguage } from "../i18n/language";
import { ModelLine } from "../models/ModelLine";
import { surveyQuery } from "../queries";
import { may, useSession } from "../session/session";
import { Trouble } from "../Trouble";
import { KeptPhotos } from "./KeptPhotos";
import { ProcessCard } from "./ProcessCard";
import { isOver } from "./rows";
import { SendCard } from "./SendCard";
import { senderOf } from "./sender";
import { SetAside } from "./SetAside";

const CoverageCard = lazy(() => import("./CoverageCard"));
const RENEW_MS = 6_000;

/** What the crew does on site: add photos, see what is wrong with them, what they cover; start. */
export default function UploadPage({ surveyId }: { surveyId: string }) {
  const { say } = useLanguage();
  const queries = useQueryClient();
  const session = useSession();
  const { data: survey, error } = useQuery(surveyQuery(surveyId));
  const sender = senderOf(surveyId);
  const { rows } = useSyncExternalStore(sender.subscribe, sender.state);
  const over = rows.filter((row) => isOver(row.phase)).length;
  const isBusy = over < rows.length;

  // What the service found out about the photos: now and then while they arrive, and at the end.
  useEffect(() => {
    if (over === 0) return;
    const timer = setTimeout(
      () => {
        void queries.invalidateQueries({ queryKey: ["survey", surveyId] });
        void queries.invalidateQueries({ queryKey: ["coverage", surveyId] });
      },
      isBusy ? RENEW_MS : 0,
    );
    return () => clearTimeout(timer);
  }, [queries, surveyId, isBusy, isBusy ? Math.floor(over / 25) : over]);

  return (
    <main className="page upload">
      <div className="title">
        <a
          href="/app"
          onClick={(event) => {
            event.preventDefault();
            go({ name: "surveys" });
          }}
        >
          ← {say("surveys")}
        </a>
        <h1>{survey?.asset_name ?? say("loading")}</h1>
        {survey && (
          <span className="soft" data-photos={survey.photo_count}>
            {survey.photo_count} {say("photos")}
          </span>
        )}
      </div>
      <Trouble error={error} />
      {may(session, "capture") &&
        (survey?.job?.active ? (
          <p className="card wait" role="status">
            {say("busySurvey")}
          </p>
        ) : (
          <SendCard surveyId={surveyId} />
        ))}
      {survey && (
        <>
          <SetAside survey={survey} />
          <KeptPhotos survey={survey} />
          <Suspense fallback={<p className="empty">{say("loading")}</p>}>
            <CoverageCard surveyId={surveyId} photoCount={survey.photo_count} />
          </Suspense>
          <ModelLine surveyId={surveyId} state={survey.job?.state} />
          {may(session, "capture") && <ProcessCard survey={survey} />}
        </>
      )}
    </main>
  );
}
