import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, type Schemas, told } from "../client";
import { useLanguage } from "../i18n/language";
import { storageQuery } from "../queries";
import { Trouble } from "../Trouble";
import { bytesText, shareOf } from "./bytes";
import { answered } from "./PersonRow";

const KINDS: ReadonlySet<string> = new Set(["photos", "orthomosaics", "sources", "views", "detections", "widths", "uploads", "bands", "reports", "control", "trials"]);

/** Show who fills the disk with what, and let go what nothing rests on. */
export function StorageDesk() {
  const { say } = useLanguage();
  const { data, error } = useQuery(storageQuery);
  if (data === undefined) return error ? <Trouble error={error} /> : <p className="empty">{say("loading")}</p>;
  const used = data.disk_total_bytes - data.disk_free_bytes;
  return (
    <>
      <section className="card">
        <h2>{say("disk")}</h2>
        <p>
          <b>{bytesText(data.disk_free_bytes)}</b> {say("diskFree")} / {bytesText(data.disk_total_bytes)}
        </p>
        <progress className="disk" max={100} value={shareOf(used, data.disk_total_bytes)} aria-label={say("disk")} />
        <h3>{say("storageKinds")}</h3>
        <Kinds kinds={data.kinds} />
        {data.organisations.length > 1 && (
          <>
            <h3>{say("storageOrganisations")}</h3>
            <ul className="levels">
              {data.organisations.map((one) => (
                <li key={one.organisation_id}>
                  {one.organisation_id}: <b>{bytesText(one.size_bytes)}</b>{" "}
                  <small>
                    {one.surveys} {say("surveyCount")}
                  </small>
                </li>
              ))}
            </ul>
          </>
        )}
      </section>
      <Surveys surveys={data.surveys} />
      <Unfinished uploads={data.unfinished} />
      {data.unowned && <Unowned unowned={data.unowned} />}
    </>
  );
}

function Kinds({ kinds }: { kinds: readonly Schemas["KindBytes"][] }) {
  const { say } = useLanguage();
  if (kinds.length === 0) return <p className="empty">{say("storageNone")}</p>;
  return (
    <ul className="levels">
      {kinds.map(({ kind, size_bytes }) => (
        <li key={kind}>
          {KINDS.has(kind) ? say(`kept_${kind as "photos"}`) : kind}: <b>{bytesText(size_bytes)}</b>
        </li>
      ))}
    </ul>
  );
}

function Surveys({ surveys }: { surveys: readonly Schemas["SurveyBytes"][] }) {
  const { language, say } = useLanguage();
  if (surveys.length === 0) return null;
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={say("surveys")}>
      <table className="stored">
        <thead>
          <tr>
            <th scope="col">{say("asset")}</th>
            <th scope="col">{say("created")}</th>
            <th scope="col">{say("auditOrganisation")}</th>
            <th scope="col" className="number">
              {say("storageSize")}
            </th>
            <th scope="col">{say("storageKinds")}</th>
          </tr>
        </thead>
        <tbody>
          {surveys.map((survey) => (
            <tr key={survey.survey_id}>
              <td>
                {survey.asset_name} <small>{survey.asset_id}</small>
              </td>
              <td>{new Date(survey.created_at).toLocaleDateString(language)}</td>
              <td>{survey.organisation_id || "–"}</td>
              <td className="number">{bytesText(survey.size_bytes)}</td>
              <td className="long">
                {survey.kinds.map(({ kind, size_bytes }) => `${KINDS.has(kind) ? say(`kept_${kind as "photos"}`) : kind} ${bytesText(size_bytes)}`).join(" · ")}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Unfinished({ uploads }: { uploads: readonly Schemas["UnfinishedOut"][] }) {
  const { language, say } = useLanguage();
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: async (uploadId: string) =>
      answered(await api.DELETE("/api/storage/uploads/{upload_id}", { params: { path: { upload_id: uploadId } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: storageQuery.queryKey }),
  });
  return (
    <section className="card unfinished">
      <h2>{say("unfinishedTitle")}</h2>
      {uploads.length === 0 && <p className="empty">{say("unfinishedNone")}</p>}
      <ul className="kept">
        {uploads.map((upload) => (
          <li key={upload.upload_id}>
            <span>
              {upload.name} <small>{upload.asset_name}</small>
            </span>
            <span>
              <small>
                {bytesText(upload.offset_bytes)} / {bytesText(upload.length_bytes)} · {say("tokenUntil")}{" "}
                {new Date(upload.expires_at).toLocaleString(language)}
              </small>{" "}
              {upload.own && (
                <button type="button" className="link" disabled={remove.isPending} onClick={() => remove.mutate(upload.upload_id)}>
                  {say("removeUpload")}
                  <span className="unseen"> {upload.name}</span>
                </button>
              )}
            </span>
          </li>
        ))}
      </ul>
      <Trouble error={remove.error} />
    </section>
  );
}

function Unowned({ unowned }: { unowned: Schemas["UnownedOut"] }) {
  const { say } = useLanguage();
  const [sure, setSure] = useState(false);
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: async () => told(await api.POST("/api/storage/unowned/removal"), "Freed"),
    onSettled: async () => {
      setSure(false);
      await queries.invalidateQueries({ queryKey: storageQuery.queryKey });
    },
  });
  return (
    <section className="card unowned">
      <h2>{say("unownedTitle")}</h2>
      <p className="soft">{say("unownedHint")}</p>
      {unowned.count === 0 ? (
        <p className="empty">{say("unownedNone")}</p>
      ) : (
        <>
          <p>
            {unowned.count} {say("unownedFiles")} · <b>{bytesText(unowned.size_bytes)}</b>
          </p>
          <Kinds kinds={unowned.kinds} />
          {sure ? (
            <span className="sure" role="alert">
              {say("unownedSure")}
              <button type="button" className="reject" disabled={remove.isPending} onClick={() => remove.mutate()}>
                {say("unownedYes")}
              </button>
              <button type="button" onClick={() => setSure(false)}>
                {say("keepAsIs")}
              </button>
            </span>
          ) : (
            <button type="button" onClick={() => setSure(true)}>
              {say("unownedRemove")}
            </button>
          )}
        </>
      )}
      {remove.data && (
        <p role="status">
          {say("freed")}: {bytesText(remove.data.size_bytes)}
        </p>
      )}
      <Trouble error={remove.error} />
    </section>
  );
}
