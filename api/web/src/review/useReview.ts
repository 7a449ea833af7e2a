import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { go } from "../address";
import { type DefectDetail, Problem } from "../client";
import { defectQuery } from "../queries";
import { useSession } from "../session/session";
import { takeBack } from "./edit/requests";
import { type Before, before, type Decision, decide, inverse } from "./verdicts";

const REVIEWER = "tenken.reviewer";
const UNDO_NOTE = "undo";

/** What somebody did: a decision, with what was before it, or an edit. */
interface Step {
  readonly defectId: string;
  readonly was?: Before;
  readonly editId?: string;
}

const CONFLICT = 409;

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
  /** Remember the name that somebody typed. */
  readonly remember: () => void;
  /** Let the next undo take an edit back and show a defect. */
  readonly edited: (editId: string, defectId: string) => void;
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
      [["defect"], ["defects", surveyId], ["worklist", surveyId], ["edits"]].map((queryKey) =>
        queries.invalidateQueries({ queryKey }),
      ),
    );
  const remember = () => {
    if (account === null) localStorage.setItem(REVIEWER, reviewer);
  };
  const sending = useMutation({
    mutationFn: async ({ defect, decision }: { defect: DefectDetail; decision: Decision }) => {
      remember();
      const after = await decide(defect, decision, reviewer);
      setSteps((all) => [...all, { defectId: defect.defect_id, was: before(defect) }]);
      return after;
    },
    onSettled: refresh,
  });
  const undoing = useMutation({
    mutationFn: async ({ defectId, was, editId }: Step) => {
      if (editId !== undefined) await takeBack(editId, reviewer);
      if (was !== undefined) {
        const now = await queries.fetchQuery({ ...defectQuery(defectId), staleTime: 0 });
        const back = inverse(was, now, UNDO_NOTE);
        if (back !== null) await decide(now, back, reviewer);
      }
    },
    onSuccess: (_, { defectId, editId }) => {
      setSteps((all) => all.slice(0, -1));
      if (editId === undefined) onUndone(defectId);
      else go({ name: "review", surveyId, defectId }, { replace: true });
    },
    onError: (error, { editId }) => {
      // somebody decided since: this edit can never be taken back, what was before it perhaps can
      const stands = editId !== undefined && error instanceof Problem && error.status === CONFLICT;
      if (stands) setSteps((all) => all.slice(0, -1));
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
    remember,
    edited: (editId, defectId) => setSteps((all) => [...all, { defectId, editId }]),
    refresh,
  };
}
