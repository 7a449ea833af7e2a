import { useQuery } from "@tanstack/react-query";

import type { Session } from "../client";
import { sessionQuery } from "../queries";

/** Tell whether whoever looks at the page may do something. The service checks it anyway. */
export function may(session: Session | undefined, right: string): boolean {
  return session?.rights.includes(right) ?? false;
}

/** Tell whether somebody must sign in before there is anything to see. */
export function mustSignIn(session: Session): boolean {
  return session.mode === "accounts" && session.account === null;
}

export function useSession(): Session | undefined {
  return useQuery(sessionQuery).data;
}
