import { DESKS, type Desk, go } from "../address";
import { useLanguage } from "../i18n/language";
import { may, useSession } from "../session/session";
import { ModelsDesk } from "../models/ModelsDesk";
import { AuditDesk } from "./AuditDesk";
import { JobsDesk } from "./JobsDesk";
import { PeopleDesk } from "./PeopleDesk";
import { StorageDesk } from "./StorageDesk";

/** Give administrators their desks: people, models, log, jobs, storage. */
export default function AdminPage({ desk }: { desk: Desk }) {
  const { say } = useLanguage();
  const session = useSession();
  return (
    <main className="page admin">
      <div className="title">
        <h1>{say("admin")}</h1>
        <nav className="tabs" aria-label={say("admin")}>
          {DESKS.map((name) => (
            <a
              key={name}
              href={`/app/admin/${name}`}
              aria-current={desk === name ? "page" : undefined}
              onClick={(event) => {
                event.preventDefault();
                go({ name: "admin", desk: name });
              }}
            >
              {say(`desk_${name}`)}
            </a>
          ))}
        </nav>
      </div>
      {may(session, "administer") ? (
        <>
          {desk === "people" && <PeopleDesk />}
          {desk === "models" && <ModelsDesk />}
          {desk === "audit" && <AuditDesk />}
          {desk === "jobs" && <JobsDesk />}
          {desk === "storage" && <StorageDesk />}
        </>
      ) : (
        <p className="card empty">{say("adminOnly")}</p>
      )}
    </main>
  );
}
