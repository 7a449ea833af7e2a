import { useMutation, useQueryClient } from "@tanstack/react-query";

import { answered } from "../admin/PersonRow";
import { api, type Schemas } from "../client";
import { useLanguage } from "../i18n/language";
import { Trouble } from "../Trouble";

const isLost = (standing: Schemas["Standing"]) => standing !== "usable" && standing !== "asleep";

/** Say which model finds damage from now on, who chose it, and whether it is still there. */
export function DefaultCard({ models }: { models: Schemas["ModelsOut"] }) {
  const { language, say } = useLanguage();
  const queries = useQueryClient();
  const leave = useMutation({
    mutationFn: async () => answered(await api.DELETE("/api/models/default")),
    onSettled: () => queries.invalidateQueries({ queryKey: ["models"] }),
  });
  const chosen = models.default;
  return (
    <section className="card default-model">
      <h2>{say("defaultIs")}</h2>
      {chosen === null ? (
        <p>
          {say("defaultOfService")}
          {models.service_default !== null && (
            <>
              : <b>{models.service_default}</b>
            </>
          )}
        </p>
      ) : (
        <>
          <p>
            <b>{chosen.model.name}</b> <code>{chosen.model.sha256.slice(0, 12)}</code>{" "}
            <span className={chosen.standing === "usable" ? "good" : "bad"}>{say(`standing_${chosen.standing}`)}</span>
            <br />
            <small>
              {say("chosenBy")}: {chosen.chosen_by}, {new Date(chosen.chosen_at).toLocaleString(language)}
            </small>
          </p>
          {isLost(chosen.standing) && <p className="trouble">{say("defaultLost")}</p>}
          <button type="button" disabled={leave.isPending} onClick={() => leave.mutate()}>
            {say("leaveDefault")}
          </button>
        </>
      )}
      <Trouble error={leave.error} />
    </section>
  );
}
