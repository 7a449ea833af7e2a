import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { answered } from "../admin/PersonRow";
import { api, type Schemas, type Session, told } from "../client";
import { useLanguage } from "../i18n/language";
import { tokensQuery } from "../queries";
import { Secret } from "../Secret";
import { Trouble } from "../Trouble";
import { PasswordForm } from "./PasswordForm";

/** Let somebody change their password, and make and end API tokens of their own. */
export default function AccountPage({ session }: { session: Session }) {
  const { say } = useLanguage();
  const must = session.must_change_password;
  return (
    <main className="page account">
      <h1>{say("accountTitle")}</h1>
      {session.account === null ? (
        <p className="card empty">{say("accountNobody")}</p>
      ) : (
        <>
          <PasswordForm must={must} />
          {!must && <Tokens />}
        </>
      )}
    </main>
  );
}

function Tokens() {
  const { language, say } = useLanguage();
  const { data, error } = useQuery(tokensQuery);
  const [made, setMade] = useState<Schemas["NewToken"] | null>(null);
  const queries = useQueryClient();
  const refresh = () => queries.invalidateQueries({ queryKey: tokensQuery.queryKey });
  const revoke = useMutation({
    mutationFn: async (tokenId: string) =>
      answered(await api.DELETE("/api/account/tokens/{token_id}", { params: { path: { token_id: tokenId } } })),
    onSuccess: refresh,
  });
  return (
    <section className="card tokens">
      <h2>{say("tokens")}</h2>
      <p className="soft">{say("tokensIntro")}</p>
      <Trouble error={error ?? revoke.error} />
      {made && <Secret title={`${say("tokenNew")}: ${made.token.label}`} secret={made.secret} onClose={() => setMade(null)} />}
      {data?.tokens.length === 0 && <p className="empty">{say("tokensNone")}</p>}
      <ul className="kept">
        {data?.tokens.map((token) => (
          <li key={token.token_id} className={token.living ? "" : "vague"}>
            <span>
              {token.label} <small>{token.scopes.join(", ")}</small>
            </span>
            <span>
              <small>
                {token.living ? `${say("tokenUntil")} ${new Date(token.expires_at).toLocaleDateString(language)}` : say("tokenEnded")}
              </small>{" "}
              {token.living && (
                <button type="button" className="link" disabled={revoke.isPending} onClick={() => revoke.mutate(token.token_id)}>
                  {say("revokeToken")}
                  <span className="unseen"> {token.label}</span>
                </button>
              )}
            </span>
          </li>
        ))}
      </ul>
      {data && (
        <NewTokenForm
          scopes={data.scopes}
          onMade={(told) => {
            setMade(told);
            void refresh();
          }}
        />
      )}
    </section>
  );
}

function NewTokenForm({ scopes, onMade }: { scopes: readonly string[]; onMade: (made: Schemas["NewToken"]) => void }) {
  const { say } = useLanguage();
  const [label, setLabel] = useState("");
  const [days, setDays] = useState("90");
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(["look"]));
  const create = useMutation({
    mutationFn: async () =>
      told(
        await api.POST("/api/account/tokens", { body: { label: label.trim(), scopes: [...chosen], days: Number(days) } }),
        "NewToken",
      ),
    onSuccess: (made) => {
      setLabel("");
      onMade(made);
    },
  });
  const toggle = (scope: string) => {
    const next = new Set(chosen);
    if (!next.delete(scope)) next.add(scope);
    setChosen(next);
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!create.isPending) create.mutate();
      }}
    >
      <h3>{say("createToken")}</h3>
      <div className="fields">
        <label>
          {say("tokenLabel")}
          <input value={label} required maxLength={100} placeholder="QGIS" onChange={(event) => setLabel(event.target.value)} />
        </label>
        <label>
          {say("tokenDays")}
          <input type="number" min={1} max={366} required value={days} onChange={(event) => setDays(event.target.value)} />
        </label>
      </div>
      <fieldset className="scopes">
        <legend>{say("tokenScopes")}</legend>
        {scopes.map((scope) => (
          <label key={scope} className="check">
            <input type="checkbox" checked={chosen.has(scope)} onChange={() => toggle(scope)} />
            {scope}
          </label>
        ))}
      </fieldset>
      <Trouble error={create.error} />
      <button type="submit" className="primary" disabled={create.isPending || chosen.size === 0}>
        {say("createToken")}
      </button>
    </form>
  );
}
