import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { answered } from "../admin/PersonRow";
import { api, keepCsrf } from "../client";
import { useLanguage } from "../i18n/language";
import { sessionQuery } from "../queries";
import { Trouble } from "../Trouble";

/** Let somebody set a password of their own; they sign in again with it. */
export function PasswordForm({ must }: { must: boolean }) {
  const { say } = useLanguage();
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [done, setDone] = useState(false);
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: async () => answered(await api.POST("/api/account/password", { body: { old, new: fresh } })),
    onSuccess: () => setDone(true),
    onError: () => setOld(""),
  });
  const signIn = async () => {
    keepCsrf(null);
    await queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
  };
  if (done) {
    return (
      <section className="card" role="status">
        <p>{say("changedPassword")}</p>
        <button type="button" className="primary" onClick={() => void signIn()}>
          {say("signIn")}
        </button>
      </section>
    );
  }
  return (
    <form
      className="card"
      onSubmit={(event) => {
        event.preventDefault();
        if (!change.isPending) change.mutate();
      }}
    >
      <h2>{say("changePassword")}</h2>
      {must && <p className="hint">{say("mustChange")}</p>}
      <div className="fields">
        <label>
          {say("oldPassword")}
          <input type="password" value={old} required autoComplete="current-password" maxLength={1000} onChange={(event) => setOld(event.target.value)} />
        </label>
        <label>
          {say("newPassword")}
          <input
            type="password"
            value={fresh}
            required
            minLength={15}
            maxLength={1000}
            autoComplete="new-password"
            aria-describedby="new-hint"
            onChange={(event) => setFresh(event.target.value)}
          />
          <small id="new-hint">{say("newPasswordHint")}</small>
        </label>
      </div>
      <Trouble error={change.error} />
      <button type="submit" className="primary" disabled={change.isPending}>
        {say("changePassword")}
      </button>
    </form>
  );
}
