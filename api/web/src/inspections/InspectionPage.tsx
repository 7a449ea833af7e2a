import { useQuery } from "@tanstack/react-query";

import { useLanguage } from "../i18n/language";
import { useSession } from "../session/session";
import { Trouble } from "../Trouble";
import { Changes } from "./Changes";
import { Decide } from "./Decide";
import { Diagnose } from "./Diagnose";
import { Files } from "./Files";
import { Inner } from "./InspectionsPage";
import "./inspections.css";
import { type Content, type Inspection, possible, tabOf } from "./inspection";
import { Publication } from "./Publication";
import { contentQuery, inspectionQuery } from "./queries";
import { RecordParts } from "./RecordParts";

/** Show all that somebody needs to see of an inspection before deciding, and let them decide. */
export default function InspectionPage({ assetId, fiscalYear }: { assetId: string; fiscalYear: number }) {
  const { say } = useLanguage();
  const rights = useSession()?.rights ?? [];
  const { data: inspection, error } = useQuery(inspectionQuery(assetId, fiscalYear));
  const { data: content, error: unreadable } = useQuery(contentQuery(assetId, fiscalYear));
  const may = inspection && possible(inspection, rights);
  return (
    <main className="page inspections">
      <div className="title">
        <Inner view={{ name: "inspections", tab: inspection ? tabOf(inspection.state) : "waiting" }}>← {say("inspections")}</Inner>
        <h1>{content?.name || assetId}</h1>
        <span className="soft">
          {assetId} · {say("fiscalYear")} {fiscalYear}
        </span>
        {inspection && (
          <b className={`state inspection-${inspection.state}`} data-state={inspection.state}>
            {say(`inspection_${inspection.state}`)}
          </b>
        )}
      </div>
      <Trouble error={error ?? unreadable} />
      {inspection === undefined && error === null && <p className="empty">{say("loading")}</p>}
      {inspection && content && may && (
        <>
          <Stands inspection={inspection} content={content} />
          {may.diagnose && <Diagnose key={inspection.decided} inspection={inspection} />}
          {content.record && inspection.state !== "published" && <Changes content={content} />}
          <RecordParts assetId={assetId} fiscalYear={fiscalYear} content={content} />
          <Decide key={`decide ${inspection.version}`} inspection={inspection} may={may} />
          {content.is_approved && content.record && (
            <>
              <Files inspection={inspection} record={content.record} />
              <Publication key={`public ${inspection.version}`} inspection={inspection} may={may} />
            </>
          )}
          <Decisions content={content} />
        </>
      )}
    </main>
  );
}

/** Say how it stands: what is missing, what an approver wants mended, who diagnosed. */
function Stands({ inspection, content }: { inspection: Inspection; content: Content }) {
  const { language, say } = useLanguage();
  const diagnosis = content.record?.diagnosis;
  return (
    <section className={`card ${inspection.sent_back ? "returned" : ""}`} aria-label={say("standing")}>
      <h2>{say("standing")}</h2>
      {inspection.sent_back && (
        <p role="status">
          <b>{inspection.sent_back.why}</b>
          <br />
          <small>
            {say("sentBackBy")}: {inspection.sent_back.by} · {new Date(inspection.sent_back.at).toLocaleString(language)}
          </small>
        </p>
      )}
      {inspection.changed && <p className="wait">{say("changedSince")}</p>}
      {inspection.missing.length > 0 && (
        <>
          <h3>{say("missingTitle")}</h3>
          <ul className="missing">
            {inspection.missing.map((words) => (
              <li key={words}>{words}</li>
            ))}
          </ul>
        </>
      )}
      <dl className="facts">
        <dt>{say("soundness")}</dt>
        <dd>
          {diagnosis ? (
            <>
              <b>{diagnosis.value}</b> {diagnosis.by || say("byLedger")}
              {diagnosis.note && <small>{diagnosis.note}</small>}
            </>
          ) : (
            (inspection.decided ?? say("notDiagnosed"))
          )}
        </dd>
        {content.record?.groups.map((group) => (
          <Group key={group.subject} subject={group.subject} value={group.value} by={group.by} />
        ))}
        <dt>{say("surveys")}</dt>
        <dd>{inspection.surveys}</dd>
        {inspection.surveys_failed > 0 && (
          <>
            <dt>{say("flightsFailed")}</dt>
            <dd>{inspection.surveys_failed}</dd>
          </>
        )}
        <dt>{say("unreviewedCount")}</dt>
        <dd>{inspection.unreviewed}</dd>
        {inspection.approved && (
          <>
            <dt>{say("inspection_approved")}</dt>
            <dd>
              {inspection.approved.by} · {new Date(inspection.approved.at).toLocaleString(language)}
              <small className="identity">sha256 {inspection.approved.record_sha256}</small>
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}

function Group({ subject, value, by }: { subject: string; value: string; by: string }) {
  const { say } = useLanguage();
  return (
    <>
      <dt>
        {say("groupsTitle")} {subject}
      </dt>
      <dd>
        <b>{value}</b> {by}
      </dd>
    </>
  );
}

function Decisions({ content }: { content: Content }) {
  const { language, say } = useLanguage();
  return (
    <section className="card" aria-label={say("decisionsTitle")}>
      <h2>{say("decisionsTitle")}</h2>
      {content.history.length === 0 && <p className="soft">{say("decisionsNone")}</p>}
      <ol className="history" reversed>
        {content.history.map((event) => (
          <li key={`${event.at} ${event.action}`} data-action={event.action}>
            <b>{say(`action_${event.action}`)}</b> {event.by} · {new Date(event.at).toLocaleString(language)}
            <small>{event.why}</small>
          </li>
        ))}
      </ol>
    </section>
  );
}
