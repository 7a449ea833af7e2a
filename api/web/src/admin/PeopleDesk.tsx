import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, type Schemas, told } from "../client";
import { useLanguage } from "../i18n/language";
import { peopleQuery, sessionQuery } from "../queries";
import { Secret } from "../Secret";
import { useSession } from "../session/session";
import { Trouble } from "../Trouble";
import { PersonRow } from "./PersonRow";
import { canApprove, ROLES, type Role } from "./person";

/** List the people of the organisation; add them, change them, hand out one-time passwords. */
export function PeopleDesk() {
  const { say } = useLanguage();
  const session = useSession();
  const [handed, setHanded] = useState<Schemas["OneTime"] | null>(null);
  const first = session?.mode === "single-user";
  // after the first account of all nobody is signed in: asking again would take the secret away
  const { data, error } = useQuery({ ...peopleQuery, enabled: !(first && handed !== null) });
  const queries = useQueryClient();
  const close = () => {
    setHanded(null);
    // the first account of all ends the single-user mode: only now must this page sign in
    if (first) void queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
  };
  return (
    <>
      {first && <p className="card hint">{say("peopleAlone")}</p>}
      <Trouble error={error} />
      {handed?.one_time_password && (
        <Secret
          key={handed.one_time_password}
          title={`${say("oneTimeFor")}: ${handed.person.name}`}
          secret={handed.one_time_password}
          onClose={close}
        />
      )}
      {data && data.people.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label={say("desk_people")}>
          <table className="people">
            <thead>
              <tr>
                {(["accountName", "displayName", "role", "state", "changePerson"] as const).map((word) => (
                  <th key={word} scope="col">
                    {say(word)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {data.people.map((person) => (
                <PersonRow key={person.account_id} person={person} onHanded={setHanded} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <AddPerson first={first} onHanded={setHanded} />
    </>
  );
}

function AddPerson({ first, onHanded }: { first: boolean; onHanded: (told: Schemas["OneTime"]) => void }) {
  const { say } = useLanguage();
  const [name, setName] = useState("");
  const [displayName, setDisplayName] = useState("");
  const [role, setRole] = useState<Role>(first ? "admin" : "engineer");
  const [approver, setApprover] = useState(false);
  const [withPassword, setWithPassword] = useState(true);
  const queries = useQueryClient();
  const add = useMutation({
    mutationFn: async () =>
      told(
        await api.POST("/api/people", {
          body: {
            name: name.trim(),
            display_name: displayName.trim(),
            role,
            approver: approver && canApprove(role),
            with_password: withPassword,
          },
        }),
        "OneTime",
      ),
    onSuccess: async (handed) => {
      onHanded(handed);
      setName("");
      setDisplayName("");
      setApprover(false);
      if (!first) await queries.invalidateQueries({ queryKey: peopleQuery.queryKey });
    },
  });
  return (
    <form
      className="card add-person"
      onSubmit={(event) => {
        event.preventDefault();
        if (!add.isPending) add.mutate();
      }}
    >
      <h2>{say("addPerson")}</h2>
      <div className="fields">
        <label>
          {say("accountName")}
          <input
            value={name}
            required
            maxLength={100}
            autoComplete="off"
            autoCapitalize="none"
            aria-describedby="name-hint"
            onChange={(event) => setName(event.target.value)}
          />
          <small id="name-hint">{say("accountNameHint")}</small>
        </label>
        <label>
          {say("displayName")}
          <input
            value={displayName}
            maxLength={200}
            autoComplete="off"
            aria-describedby="display-hint"
            onChange={(event) => setDisplayName(event.target.value)}
          />
          <small id="display-hint">{say("displayNameHint")}</small>
        </label>
        <RoleField role={role} onRole={setRole} />
      </div>
      <ApproverField role={role} approver={approver} onApprover={setApprover} />
      <label className="check">
        <input type="checkbox" checked={withPassword} onChange={(event) => setWithPassword(event.target.checked)} />
        {say("withPassword")}
      </label>
      <p className="soft">{say("withPasswordHint")}</p>
      <Trouble error={add.error} />
      <button type="submit" className="primary" disabled={add.isPending}>
        {say("addPerson")}
      </button>
    </form>
  );
}

export function RoleField({ role, onRole }: { role: Role; onRole: (role: Role) => void }) {
  const { say } = useLanguage();
  return (
    <label>
      {say("role")}
      <select value={role} onChange={(event) => onRole(event.target.value as Role)}>
        {ROLES.map((name) => (
          <option key={name} value={name}>
            {say(`role_${name}`)}
          </option>
        ))}
      </select>
    </label>
  );
}

interface ApproverProps {
  role: Role;
  approver: boolean;
  onApprover: (approver: boolean) => void;
}

export function ApproverField({ role, approver, onApprover }: ApproverProps) {
  const { say } = useLanguage();
  const can = canApprove(role);
  return (
    <label className="check" title={can ? undefined : say("approverHint")}>
      <input type="checkbox" checked={approver && can} disabled={!can} onChange={(event) => onApprover(event.target.checked)} />
      {say("approver")}
    </label>
  );
}
