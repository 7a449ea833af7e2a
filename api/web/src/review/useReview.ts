import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import type { DefectDetail } from "../client";
import { defectQuery } from "../queries";
import { useSession } from "../session/session";
import { type Before, before, type Decision, decide, inverse } from "./verdicts";

const REVIEWER = "tenken.reviewer";
const UNDO_NOTE = "undo";

interface Step {
  readonly defectId: string;
  readonly was: Before;
}

export interface Review {
  /** Who decides: the account's name, else what somebody typed; empty while nobody has. */
  readonly reviewer: string;
  readonly signedIn: boolean;
  readonly typed: string;
  readonly setTyped: (name: string) => void;
  readonly busy: boolean;
  /** What went wrong last, and with which defect; an undo concerns whatever is shown. */
  readonly error: Error | null;
  readonly failedId: string | null;
  readonly canUndo: boolean;
  readonly decide: (defect: DefectDetail, decision: Decision) => void;
  readonly undo: () => void;
  /** Read everything of the survey anew. */
  readonly refresh: () => Promise<unknown>;
}

/** Hold what a reviewer does on a survey: who they are, their decisions, and the way back. */
export function useReview(surveyId: string, onUndone: (defectId: string) => void): Review {
  const queries = useQueryClient();
  const account = useSession()?.account ?? null;
  const [typed, setTyped] = useState(() => localStorage.getItem(REVIEWER) ?? "");
  const [steps, setSteps] = useState<readonly Step[]>([]);
  const reviewer = account === null ? typed.trim() : account.display_name;

  const refresh = () =>
    Promise.all(
      [["defect"], ["defects", surveyId], ["worklist", surveyId]].map((queryKey) =>
        queries.invalidateQueries({ queryKey }),
      ),
    );
  const sending = useMutation({
    mutationFn: async ({ defect, decision }: { defect: DefectDetail; decision: Decision }) => {
      if (account === null) localStorage.setItem(REVIEWER, reviewer);
      const after = await decide(defect, decision, reviewer);
      setSteps((all) => [...all, { defectId: defect.defect_id, was: before(defect) }]);
      return after;
    },
    onSettled: refresh,
  });
  const undoing = useMutation({
    mutationFn: async ({ defectId, was }: Step) => {
      const now = await queries.fetchQuery({ ...defectQuery(defectId), staleTime: 0 });
      const back = inverse(was, now, UNDO_NOTE);
      if (back !== null) await decide(now, back, reviewer);
      setSteps((all) => all.slice(0, -1));
      onUndone(defectId);
    },
    onSettled: refresh,
  });
  const busy = sending.isPending || undoing.isPending;
  return {
    reviewer,
    signedIn: account !== null,
    typed,
    setTyped,
    busy,
    error: sending.error ?? undoing.error,
    failedId: sending.error ? (sending.variables?.defect.defect_id ?? null) : null,
    canUndo: steps.length > 0,
    decide: (defect, decision) => {
      if (reviewer === "" || busy) return;
      undoing.reset();
      sending.mutate({ defect, decision });
    },
    undo: () => {
      const last = steps.at(-1);
      if (last === undefined || reviewer === "" || busy) return;
      sending.reset();
      undoing.mutate(last);
    },
    refresh,
  };
}
