import { admin } from "./words/admin";
import { dashboard } from "./words/dashboard";
import { detail } from "./words/detail";
import { edit } from "./words/edit";
import { flight } from "./words/flight";
import { inspections } from "./words/inspections";
import { models } from "./words/models";
import { open } from "./words/open";
import { planner } from "./words/planner";
import { queue } from "./words/queue";
import { review } from "./words/review";
import { session } from "./words/session";
import { shared } from "./words/shared";
import { upload } from "./words/upload";

/** The words of every room; terms follow the glossary of the domain specification. */
export const rooms = {
  shared,
  admin,
  dashboard,
  detail,
  edit,
  flight,
  inspections,
  models,
  open,
  planner,
  queue,
  review,
  session,
  upload,
} as const;

/** Every word of the pages in both languages. */
export const words = {
  ...rooms.shared,
  ...rooms.admin,
  ...rooms.dashboard,
  ...rooms.detail,
  ...rooms.edit,
  ...rooms.flight,
  ...rooms.inspections,
  ...rooms.models,
  ...rooms.open,
  ...rooms.planner,
  ...rooms.queue,
  ...rooms.review,
  ...rooms.session,
  ...rooms.upload,
} as const;

export type Word = keyof typeof words;
export type Language = "ja" | "en";
