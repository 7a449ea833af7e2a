import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { DefectDetail } from "../client";
import { useLanguage } from "../i18n/language";
import { priorityQuery } from "../queries";

/** Say how a defect ranks; of a large asset only when somebody asks, for that takes a while. */
export function PriorityLine({ defect }: { defect: DefectDetail }) {
  const { say } = useLanguage();
  const [asked, setAsked] = useState(false);
  const ranked = useQuery({
    ...priorityQuery(defect.defect_id, defect.version),
    enabled: asked && !defect.is_ranked,
  });
  const priority = defect.is_ranked ? defect.priority : (ranked.data?.priority ?? null);
  if (priority !== null) {
    return (
      <p>
        {say("priority")}: <b>{priority.score.toFixed(1)}</b> ({say("rank")} {priority.rank})
      </p>
    );
  }
  if (defect.is_ranked || ranked.data !== undefined || defect.state === "rejected") return null;
  return (
    <p>
      <button type="button" disabled={ranked.isFetching} onClick={() => setAsked(true)}>
        {ranked.isFetching ? say("loading") : say("showRank")}
      </button>
    </p>
  );
}
