import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { Schemas } from "../client";
import { useLanguage } from "../i18n/language";
import { auditQuery, verificationQuery } from "../queries";
import { Trouble } from "../Trouble";
import { type Sought, searchOf } from "./sought";

const NOTHING: Sought = { actor: "", action: "", first: "", last: "" };

/** Read the audit log, narrowed and page by page; prove it; take it along. */
export function AuditDesk() {
  const { say } = useLanguage();
  const [draft, setDraft] = useState<Sought>(NOTHING);
  const [sought, setSought] = useState<Sought>(NOTHING);
  const { data, error, hasNextPage, fetchNextPage, isFetching } = useInfiniteQuery(auditQuery(sought));
  const entries = data?.pages.flatMap((page) => page.entries) ?? [];
  const field = (name: keyof Sought) => ({
    value: draft[name],
    onChange: (event: { target: { value: string } }) => setDraft({ ...draft, [name]: event.target.value }),
  });
  return (
    <>
      <Proof />
      <form
        className="card"
        onSubmit={(event) => {
          event.preventDefault();
          setSought(draft);
        }}
      >
        <div className="fields">
          <label>
            {say("auditActor")}
            <input maxLength={100} autoCapitalize="none" autoComplete="off" {...field("actor")} />
          </label>
          <label>
            {say("auditAction")}
            <input maxLength={100} list="audit-actions" autoCapitalize="none" autoComplete="off" {...field("action")} />
            <datalist id="audit-actions">
              {[...new Set(entries.map((entry) => entry.action))].sort().map((action) => (
                <option key={action} value={action} />
              ))}
            </datalist>
          </label>
          <label>
            {say("auditFirst")}
            <input type="date" {...field("first")} />
          </label>
          <label>
            {say("auditLast")}
            <input type="date" {...field("last")} />
          </label>
        </div>
        <div className="buttons">
          <button type="submit" className="primary">
            {say("auditShow")}
          </button>
          <a href={`/api/audit/file.csv${searchOf(sought)}`} download>
            {say("exportAs")} CSV
          </a>
        </div>
      </form>
      <Trouble error={error} />
      {data && entries.length === 0 && <p className="empty">{say("auditNone")}</p>}
      {entries.length > 0 && <Entries entries={entries} />}
      {hasNextPage && (
        <button type="button" disabled={isFetching} onClick={() => void fetchNextPage()}>
          {say("showMore")}
        </button>
      )}
    </>
  );
}

function Entries({ entries }: { entries: readonly Schemas["EntryOut"][] }) {
  const { language, say } = useLanguage();
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={say("desk_audit")}>
      <table className="log">
        <thead>
          <tr>
            <th scope="col" className="number">
              #
            </th>
            {(["auditAt", "auditActor", "auditOrganisation", "auditAction", "auditSubject"] as const).map((word) => (
              <th key={word} scope="col">
                {say(word)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr key={entry.seq}>
              <td className="number">{entry.seq}</td>
              <td>{new Date(entry.at).toLocaleString(language)}</td>
              <td>{entry.actor_name ?? entry.actor}</td>
              <td>{entry.organisation_id || "–"}</td>
              <td>{entry.action}</td>
              <td className="identity" title={`${say("auditDigest")} ${entry.entry_sha256}`}>
                {entry.subject}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Let somebody ask whether the log is whole, and note how it ends. */
function Proof() {
  const { language, say } = useLanguage();
  const { data, error, isFetching, refetch } = useQuery(verificationQuery);
  return (
    <section className="card proof">
      <div className="title">
        <h2>{say("auditProof")}</h2>
        <button type="button" disabled={isFetching} onClick={() => void refetch()}>
          {say(isFetching ? "auditVerifying" : "auditVerify")}
        </button>
      </div>
      <p className="soft">{say("auditProofHint")}</p>
      <Trouble error={error} />
      {data && (
        <div role="status">
          <p>
            <b className={`state ${data.whole ? "confirmed" : "outcome-refuse"}`}>{say(data.whole ? "auditWhole" : "auditBroken")}</b>{" "}
            {data.entries} {say("auditEntries")} · {new Date(data.verified_at).toLocaleString(language)}
          </p>
          <ul className="findings">
            {data.faults.map((fault) => (
              <li key={`${fault.seq} ${fault.reason}`}>
                #{fault.seq}: {fault.reason}
              </li>
            ))}
          </ul>
          <p className="identity">
            {say("auditHead")}: {data.head}
          </p>
        </div>
      )}
    </section>
  );
}
