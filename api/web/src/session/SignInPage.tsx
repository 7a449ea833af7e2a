import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, keepCsrf, type Session, told } from "../client";
import { useLanguage } from "../i18n/language";
import { sessionQuery } from "../queries";
import { Trouble } from "../Trouble";
import { comeBack } from "./leaving";

/** Let somebody say who they are; everything else waits behind this page. */
export function SignInPage({ session }: { session: Session }) {
  const { say } = useLanguage();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useMutation({
    mutationFn: async () =>
      told(await api.POST("/api/session", { body: { name: name.trim(), password } }), "SessionOut"),
    onSuccess: (opened) => {
      keepCsrf(opened.csrf);
      comeBack(opened.account?.account_id ?? null);
      // what somebody else saw before is not for these eyes
      queries.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionQuery.queryKey[0] });
      queries.setQueryData(sessionQuery.queryKey, opened);
    },
    onError: () => setPassword(""),
  });
  return (
    <main className="page sign-in">
      <form
        className="card"
        onSubmit={(event) => {
          event.preventDefault();
          if (!signIn.isPending) signIn.mutate();
        }}
      >
        <h1>{say("signIn")}</h1>
        <label>
          {say("accountName")}
          <input
            value={name}
            required
            autoComplete="username"
            autoCapitalize="none"
            maxLength={100}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <label>
          {say("password")}
          <input
            type="password"
            value={password}
            required
            autoComplete="current-password"
            maxLength={1000}
            onChange={(event) => setPassword(event.target.value)}
          />
        </label>
        {signIn.error && <Trouble error={signIn.error} />}
        <button type="submit" className="primary" disabled={signIn.isPending}>
          {say("signIn")}
        </button>
        {session.oidc && (
          <p>
            <a href="/api/oidc/start">{say("signInByIssuer")}</a>
          </p>
        )}
      </form>
    </main>
  );
}
