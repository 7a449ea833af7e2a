import { detail } from "./words/detail";
import { edit } from "./words/edit";
import { flight } from "./words/flight";
import { open } from "./words/open";
import { planner } from "./words/planner";
import { queue } from "./words/queue";
import { review } from "./words/review";
import { session } from "./words/session";
import { shared } from "./words/shared";
import { upload } from "./words/upload";

/** The words of every room; terms follow the glossary of the domain specification. */
export const rooms = { shared, detail, edit, flight, planner, open, session, review, queue, upload } as const;

/** Every word of the pages in both languages. */
export const words = {
  ...rooms.shared,
  ...rooms.detail,
  ...rooms.edit,
  ...rooms.flight,
  ...rooms.planner,
  ...rooms.open,
  ...rooms.session,
  ...rooms.review,
  ...rooms.queue,
  ...rooms.upload,
} as const;

export type Word = keyof typeof words;
export type Language = "ja" | "en";
