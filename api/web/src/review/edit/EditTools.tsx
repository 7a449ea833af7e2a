import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import { createPortal } from "react-dom";

import "./edit.css";

import type { DamageClass } from "../../client";
import { useLanguage } from "../../i18n/language";
import { defectQuery } from "../../queries";
import { may, useSession } from "../../session/session";
import { useMap } from "../mapContext";
import type { QueueRow } from "../useQueue";
import type { Review } from "../useReview";
import { DrawTool } from "./DrawTool";
import { MergeTool } from "./MergeTool";
import { EDIT_DOCK, EDIT_TOOLS, type EditTool, obstacle, TOOL_KEYS } from "./plan";
import { RedrawTool } from "./RedrawTool";
import { SplitTool } from "./SplitTool";
import { WidthTool } from "./WidthTool";

const WORDS = {
  split: "toolSplit",
  merge: "toolMerge",
  redraw: "toolRedraw",
  draw: "toolDraw",
  width: "toolWidth",
} as const;

export interface ToolsProps {
  surveyId: string;
  /** The mosaic on which is drawn. */
  mosaic: string;
  defectId: string | undefined;
  classes: ReadonlyMap<string, DamageClass>;
  review: Review;
  /** Defects that can be picked from a list. */
  rows: readonly QueueRow[];
  onShow: (defectId: string) => void;
}

/** Split, merge, redraw and draw defects, and measure a width: a tool of the map, one key each. */
export function EditTools(props: ToolsProps) {
  const { say } = useLanguage();
  const { map, held, hold } = useMap();
  const mayDecide = may(useSession(), "decide");
  const offered = EDIT_TOOLS.filter((tool) => mayDecide || tool === "width");
  const tool = offered.find((each) => each === held);
  const frame = map.getTargetElement();
  const take = (next: EditTool | null) => hold(next === tool ? null : next);
  useToolKeys(offered, take, () => tool && hold(null));
  return (
    <div className="edit-tools" role="group" aria-label={say("editTools")}>
      {offered.map((each) => (
        <button key={each} type="button" aria-pressed={tool === each} onClick={() => take(each)}>
          {say(WORDS[each])}
        </button>
      ))}
      {tool && tool !== "merge" && frame && createPortal(<div className="edit-cross" />, frame)}
      {tool && (
        <Dock>
          <Held key={`${tool} ${props.defectId}`} tool={tool} {...props} onEnd={() => hold(null)} />
        </Dock>
      )}
    </div>
  );
}

/** Show what a tool says beside the map, not on it: nothing that is drawn may be covered. */
function Dock({ children }: { children: ReactNode }) {
  const dock = document.getElementById(EDIT_DOCK);
  return dock === null ? children : createPortal(children, dock);
}

export interface HeldProps extends ToolsProps {
  /** Give the pointer back. */
  onEnd: () => void;
}

function Held({ tool, ...props }: HeldProps & { tool: EditTool }) {
  const { say } = useLanguage();
  const found = useQuery({ ...defectQuery(props.defectId ?? ""), enabled: props.defectId !== undefined });
  const chosen = props.defectId === undefined ? undefined : found.data;
  if (props.defectId !== undefined && found.isPending && tool !== "draw" && tool !== "width") return null;
  const hindered = obstacle(tool, chosen, props.mosaic);
  const nameless = tool !== "width" && props.review.reviewer === "";
  return (
    <section className="edit-panel" aria-label={say(WORDS[tool])}>
      {hindered && <p role="alert">{say(hindered)}</p>}
      {!hindered && nameless && <p role="alert">{say("reviewerNeeded")}</p>}
      {!hindered && !nameless && (
        <>
          {tool === "split" && chosen && <SplitTool {...props} chosen={chosen} />}
          {tool === "merge" && chosen && <MergeTool {...props} chosen={chosen} />}
          {tool === "redraw" && chosen && <RedrawTool {...props} chosen={chosen} />}
          {tool === "draw" && <DrawTool {...props} />}
          {tool === "width" && <WidthTool surveyId={props.surveyId} />}
        </>
      )}
    </section>
  );
}

/** One key takes each tool, Escape gives the pointer back; not while somebody types into a field. */
function useToolKeys(offered: readonly EditTool[], take: (tool: EditTool) => void, drop: () => void) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) return;
      if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
      if (event.key === "Escape") drop();
      const tool = TOOL_KEYS[event.key.toLowerCase()];
      if (tool && offered.includes(tool)) take(tool);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
}
