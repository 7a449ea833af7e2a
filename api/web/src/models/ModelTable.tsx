import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { answered } from "../admin/PersonRow";
import { api, told } from "../client";
import { useLanguage } from "../i18n/language";
import { Trouble } from "../Trouble";
import { keyOf, type ModelRow, stateOf } from "./model";
import { useClassName } from "./useClassName";

/** List models: what they find, at which pixel sizes, how they stand; choose or withdraw one. */
export function ModelTable({ models }: { models: readonly ModelRow[] }) {
  const { say } = useLanguage();
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={say("desk_models")}>
      <table className="model-list">
        <thead>
          <tr>
            {(["modelName", "state", "modelClasses", "modelGsd", "makeDefault"] as const).map((word) => (
              <th key={word} scope="col">
                {say(word)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {models.map((row) => (
            <Row key={`${keyOf(row)} ${row.sha256}`} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ row }: { row: ModelRow }) {
  const { language, say } = useLanguage();
  const name = useClassName();
  const state = stateOf(row);
  const isFine = row.standing === "usable";
  return (
    <tr data-model={row.name} data-standing={row.standing ?? state}>
      <td>
        <b>{row.name}</b> {row.is_default && <span className="badge">{say("orgDefault")}</span>}
        <br />
        <small>
          {say(`origin_${row.origin}`)}
          {row.card && ` · ${row.card.licence}`}
          {row.sha256 !== "" && (
            <>
              {" "}
              · <code>{row.sha256.slice(0, 12)}</code>
            </>
          )}
        </small>
        {row.upload && (
          <small className="block">
            {row.upload.uploaded_by}, {new Date(row.upload.uploaded_at).toLocaleString(language)} · {row.upload.file_name}
          </small>
        )}
      </td>
      <td className="long">
        <span className={isFine ? "good" : state === "modelTrying" || state === "modelWaitsForFile" ? "wait" : "bad"}>{say(state)}</span>
        {(row.standing === null || row.standing === "broken") && row.words !== "" && <small className="block">{row.words}</small>}
        {row.upload !== null && row.upload.dead.length > 0 && (
          <small className="block wait">
            {say("modelDead")}: {row.upload.dead.map(name).join(", ")}
          </small>
        )}
      </td>
      <td className="long">
        {row.card?.classes.map((code) => (
          <span key={code} className="found-class" title={`${say("thresholdShort")} ${row.card?.thresholds[code]}`}>
            {name(code)}
          </span>
        ))}
        {row.card && <small className="block">{say(row.card.is_calibrated ? "calibrated" : "uncalibrated")}</small>}
      </td>
      <td>{row.card && row.card.gsd_range_mm_per_px.join("–")}</td>
      <td>
        <Deeds row={row} />
      </td>
    </tr>
  );
}

function Deeds({ row }: { row: ModelRow }) {
  const { say } = useLanguage();
  const [sure, setSure] = useState(false);
  const queries = useQueryClient();
  const renew = () => queries.invalidateQueries({ queryKey: ["models"] });
  const choose = useMutation({
    mutationFn: async () =>
      told(await api.PUT("/api/models/default", { body: { name: row.name, own_model_id: row.own_model_id } }), "ChoiceOut"),
    onSuccess: renew,
  });
  const withdraw = useMutation({
    mutationFn: async (ownModelId: string) =>
      answered(await api.DELETE("/api/models/{own_model_id}", { params: { path: { own_model_id: ownModelId } } })),
    onSettled: renew,
  });
  const { own_model_id: ownModelId } = row;
  return (
    <>
      {row.standing === "usable" && !row.is_default && (
        <button type="button" disabled={choose.isPending} onClick={() => choose.mutate()}>
          {say("makeDefault")}
          <span className="unseen"> {row.name}</span>
        </button>
      )}
      {row.upload && ownModelId !== null && !sure && (
        <button type="button" className="link" onClick={() => setSure(true)}>
          {say("withdrawModel")}
          <span className="unseen"> {row.name}</span>
        </button>
      )}
      {sure && ownModelId !== null && (
        <span className="sure" role="alert">
          {say("withdrawSure")}
          <button type="button" className="reject" disabled={withdraw.isPending} onClick={() => withdraw.mutate(ownModelId)}>
            {say("withdrawModel")}
          </button>
          <button type="button" onClick={() => setSure(false)}>
            {say("keepAsIs")}
          </button>
        </span>
      )}
      <Trouble error={choose.error ?? withdraw.error} />
    </>
  );
}
