import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { useSession } from "../session/session";

const NAME = "tenken.reviewer";

/** Know who decides: the account, or the name that is typed where nobody signs in. */
export function useName(): { isTyped: boolean; name: string; setName: (name: string) => void } {
  const account = useSession()?.account ?? null;
  const [typed, setTyped] = useState(() => localStorage.getItem(NAME) ?? "");
  return {
    isTyped: account === null,
    name: account === null ? typed : account.display_name,
    setName: (name) => {
      localStorage.setItem(NAME, name.trim());
      setTyped(name);
    },
  };
}

/** Send a decision, and read again whatever it changes, also when somebody else was quicker. */
export function useDecision<Input>(send: (input: Input) => Promise<unknown>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: send,
    onSettled: () => queries.invalidateQueries({ queryKey: ["inspections"] }),
  });
}
