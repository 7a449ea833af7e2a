import { type Defect, Problem } from "../../client";

type ClassCode = Defect["damage_class"];

/** Identifier of the place beside the map where a tool says what it does. */
export const EDIT_DOCK = "edit-dock";

export const EDIT_TOOLS = ["split", "merge", "redraw", "draw", "width"] as const;
export type EditTool = (typeof EDIT_TOOLS)[number];

/**
 * Tell whether an edit that came back with an error was surely not done.
 *
 * A lost answer says nothing: the service may have done it, and sending the same identifier again
 * finds that out without doing it twice.
 */
export function surelyUndone(error: unknown): boolean {
  return error instanceof Problem && error.status < 500;
}

/** One key for each tool. */
export const TOOL_KEYS: Readonly<Record<string, EditTool>> = {
  s: "split",
  m: "merge",
  d: "redraw",
  n: "draw",
  w: "width",
};

/** Classes that are measured along a line, as the service has them. */
const LINEAR: ReadonlySet<ClassCode> = new Set<ClassCode>(["crack", "deck_crack"]);

export function drawnAs(damageClass: ClassCode): "LineString" | "Polygon" {
  return LINEAR.has(damageClass) ? "LineString" : "Polygon";
}

/** Classes that a person may draw; what only looks like damage is none. */
export function drawable(classes: Iterable<{ code: string }>): ClassCode[] {
  const distractors = ["joint", "manhole", "vegetation"];
  return [...classes].map(({ code }) => code as ClassCode).filter((code) => !distractors.includes(code));
}

/** Why a tool cannot be used on what is chosen; null when it can. */
export function obstacle(
  tool: EditTool,
  chosen: Pick<Defect, "state" | "mosaic_sha256"> | undefined,
  mosaic: string,
): "chooseFirst" | "notEditable" | "otherMosaic" | null {
  if (tool === "draw" || tool === "width") return null;
  if (chosen === undefined) return "chooseFirst";
  if (chosen.state === "rejected" || chosen.state === "superseded") return "notEditable";
  return chosen.mosaic_sha256 === mosaic ? null : "otherMosaic";
}

/** Add a defect to those that are to be merged, or leave it out again; the first one stays. */
export function toggled<Pick extends { defect_id: string }>(picks: readonly Pick[], one: Pick): Pick[] {
  const rest = picks.filter((pick) => pick.defect_id !== one.defect_id);
  if (rest.length === picks.length) return [...picks, one];
  return picks[0]?.defect_id === one.defect_id ? [...picks] : rest;
}

/** The classes of what is to be merged, each once, in the order of picking. */
export function classesOf(picks: readonly Pick<Defect, "damage_class">[]): ClassCode[] {
  return [...new Set(picks.map((pick) => pick.damage_class))];
}

/** Which defect to look at after an edit: the first that it brought or redrew, else what came back. */
export function nextShown(edit: {
  readonly brought: readonly string[];
  readonly redrawn: readonly string[];
}): string | undefined {
  return edit.brought[0] ?? edit.redrawn[0];
}
