import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";

import type { Review } from "../useReview";
import { nextShown, surelyUndone } from "./plan";
import { type Edited, send, type Wish } from "./requests";

export interface Edit {
  readonly preview: Edited | undefined;
  readonly busy: boolean;
  readonly error: Error | null;
  /** Ask what a wish would give. */
  readonly ask: (wish: Wish) => void;
  /** Do what was previewed. */
  readonly save: () => void;
  readonly reset: () => void;
}

/** Hold one edit between its preview and its end. */
export function useEdit(review: Review, onSaved: (shownId: string | undefined) => void): Edit {
  const pending = useRef<{ wish: Wish; id: string } | null>(null);
  const asking = useMutation({
    mutationFn: async (wish: Wish) => {
      pending.current = { wish, id: crypto.randomUUID() };
      return send(wish, { edit_id: pending.current.id, editor: review.reviewer, preview: true });
    },
    onError: () => review.refresh(),
  });
  const saving = useMutation({
    mutationFn: async ({ wish, id }: { wish: Wish; id: string }) => {
      review.remember();
      return send(wish, { edit_id: id, editor: review.reviewer, preview: false });
    },
    onSuccess: ({ edit }) => {
      const shownId = nextShown(edit);
      review.edited(edit.edit_id, edit.superseded[0] ?? edit.redrawn[0] ?? shownId ?? "");
      asking.reset();
      onSaved(shownId);
    },
    onError: (error) => {
      // what was previewed is not what stands any more; after a lost answer it is kept, and Save
      // sends the same edit again
      if (surelyUndone(error)) asking.reset();
    },
    onSettled: () => review.refresh(),
  });
  return {
    preview: asking.data,
    busy: asking.isPending || saving.isPending,
    error: saving.error ?? asking.error,
    ask: (wish) => {
      saving.reset();
      asking.mutate(wish);
    },
    save: () => {
      if (pending.current && asking.data && !saving.isPending) saving.mutate(pending.current);
    },
    reset: () => {
      pending.current = null;
      asking.reset();
      saving.reset();
    },
  };
}
