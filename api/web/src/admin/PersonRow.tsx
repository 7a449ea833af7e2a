import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, Problem, type Schemas, told } from "../client";
import { useLanguage } from "../i18n/language";
import { peopleQuery, personTokensQuery } from "../queries";
import { Trouble } from "../Trouble";
import { ApproverField, RoleField } from "./PeopleDesk";
import { canApprove, type Person, wayIn } from "./person";

interface Props {
  person: Person;
  onHanded: (told: Schemas["OneTime"]) => void;
}

/** Show one person; open a form below that changes them. */
export function PersonRow({ person, onHanded }: Props) {
  const { language, say } = useLanguage();
  const [open, setOpen] = useState(false);
  const way = wayIn(person);
  return (
    <>
      <tr data-person={person.name} className={person.active ? "" : "vague"}>
        <td>{person.name}</td>
        <td>{person.display_name}</td>
        <td>
          {say(`role_${person.role}`)}
          {person.approver && <span className="badge">{say("approver")}</span>}
        </td>
        <td>
          {say(person.active ? "active" : "disabled")}
          {way && (
            <small>
              {" "}
              {say(way)}
              {person.one_time_until && ` ${new Date(person.one_time_until).toLocaleString(language)}`}
            </small>
          )}
          {person.elsewhere && <small> {say("elsewhere")}</small>}
        </td>
        <td>
          <button type="button" className="link" aria-expanded={open} onClick={() => setOpen(!open)}>
            {say("changePerson")}
            <span className="unseen"> {person.name}</span>
          </button>
        </td>
      </tr>
      {open && (
        <tr>
          <td colSpan={5}>
            <PersonForm
              // what somebody else changed meanwhile is shown, not overwritten unseen
              key={JSON.stringify(person)}
              person={person}
              onHanded={onHanded}
              onClose={() => setOpen(false)}
            />
          </td>
        </tr>
      )}
    </>
  );
}

function PersonForm({ person, onHanded, onClose }: Props & { onClose: () => void }) {
  const { say } = useLanguage();
  const [displayName, setDisplayName] = useState(person.display_name);
  const [role, setRole] = useState(person.role);
  const [approver, setApprover] = useState(person.approver);
  const [active, setActive] = useState(person.active);
  const [leaving, setLeaving] = useState(false);
  const queries = useQueryClient();
  const refresh = () => queries.invalidateQueries({ queryKey: peopleQuery.queryKey });
  const params = { path: { account_id: person.account_id } };
  const change = useMutation({
    mutationFn: async () =>
      told(
        await api.PUT("/api/people/{account_id}", {
          params,
          body: { display_name: displayName, role, approver: approver && canApprove(role), active },
        }),
        "PersonOut",
      ),
    onSuccess: async () => {
      onClose();
      await refresh();
    },
  });
  const reset = useMutation({
    mutationFn: async () => told(await api.POST("/api/people/{account_id}/password", { params }), "OneTime"),
    onSuccess: async (handed) => {
      onHanded(handed);
      onClose();
      await refresh();
    },
  });
  const remove = useMutation({
    mutationFn: async () => answered(await api.DELETE("/api/people/{account_id}", { params })),
    onSuccess: refresh,
  });
  const error = change.error ?? reset.error ?? remove.error;
  return (
    <form
      className="person-form"
      aria-label={`${say("changePerson")} ${person.name}`}
      onSubmit={(event) => {
        event.preventDefault();
        if (!change.isPending) change.mutate();
      }}
    >
      <div className="fields">
        <label>
          {say("displayName")}
          <input
            value={displayName}
            required
            maxLength={200}
            disabled={person.elsewhere}
            onChange={(event) => setDisplayName(event.target.value)}
          />
        </label>
        <RoleField role={role} onRole={setRole} />
      </div>
      <ApproverField role={role} approver={approver} onApprover={setApprover} />
      <label className="check">
        <input type="checkbox" checked={active} disabled={person.elsewhere} onChange={(event) => setActive(event.target.checked)} />
        {say("mayStillSignIn")}
      </label>
      {person.elsewhere && <p className="hint">{say("elsewhereHint")}</p>}
      <PersonTokens person={person} />
      <Trouble error={error} />
      <div className="buttons">
        <button type="submit" className="primary" disabled={change.isPending}>
          {say("saveChange")}
        </button>
        <button type="button" disabled={person.elsewhere || reset.isPending} onClick={() => reset.mutate()}>
          {say("resetPassword")}
        </button>
        {leaving ? (
          <span className="sure" role="alert">
            {say("removeSure")}
            <button type="button" className="reject" disabled={remove.isPending} onClick={() => remove.mutate()}>
              {say("yesRemove")}
            </button>
            <button type="button" onClick={() => setLeaving(false)}>
              {say("keepAsIs")}
            </button>
          </span>
        ) : (
          <button type="button" onClick={() => setLeaving(true)}>
            {say("removePerson")}
          </button>
        )}
      </div>
    </form>
  );
}

function PersonTokens({ person }: { person: Person }) {
  const { say } = useLanguage();
  const { data } = useQuery(personTokensQuery(person.account_id));
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: async (tokenId: string) =>
      answered(
        await api.DELETE("/api/people/{account_id}/tokens/{token_id}", {
          params: { path: { account_id: person.account_id, token_id: tokenId } },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: personTokensQuery(person.account_id).queryKey }),
  });
  const living = data?.tokens.filter((token) => token.living) ?? [];
  if (living.length === 0) return null;
  return (
    <>
      <h3>{say("tokens")}</h3>
      <ul className="kept">
        {living.map((token) => (
          <li key={token.token_id}>
            <span>
              {token.label} <small>{token.scopes.join(", ")}</small>
            </span>
            <button type="button" className="link" disabled={revoke.isPending} onClick={() => revoke.mutate(token.token_id)}>
              {say("revokeToken")}
              <span className="unseen"> {token.label}</span>
            </button>
          </li>
        ))}
      </ul>
      <Trouble error={revoke.error} />
    </>
  );
}

/** Throw what an answer without content says went wrong. */
export function answered({ error, response }: { error?: unknown; response: Response }): void {
  if (response.ok) return;
  const detail = (error as { detail?: unknown } | undefined)?.detail;
  throw new Problem(response.status, typeof detail === "string" ? detail : `HTTP ${response.status}`);
}
