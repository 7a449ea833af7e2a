import { useMutation, useQueryClient } from "@tanstack/react-query";

import { go } from "../address";
import { api, keepCsrf, Problem, type Session } from "../client";
import { useLanguage } from "../i18n/language";
import { sessionQuery } from "../queries";
import { leave } from "./leaving";

/** Show who is signed in, and let them out. */
export function Person({ session }: { session: Session }) {
  const { say } = useLanguage();
  const queries = useQueryClient();
  const signOut = useMutation({
    mutationFn: async () => {
      const { response } = await api.DELETE("/api/session");
      // 401: the session has ended by itself, which is what was wanted
      if (!response.ok && response.status !== 401) throw new Problem(response.status, say("signOut"));
    },
    onSuccess: async () => {
      keepCsrf(null);
      leave();
      await queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
      queries.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionQuery.queryKey[0] });
    },
  });
  if (session.account === null) return null;
  return (
    <>
      <span className="person">
        <a
          href="/app/account"
          title={say("accountTitle")}
          onClick={(event) => {
            event.preventDefault();
            go({ name: "account" });
          }}
        >
          {session.account.display_name}
        </a>
        <small>{session.organisation?.name}</small>
      </span>
      <button type="button" onClick={() => signOut.mutate()} disabled={signOut.isPending}>
        {say("signOut")}
      </button>
    </>
  );
}
