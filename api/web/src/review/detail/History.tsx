import { useQuery } from "@tanstack/react-query";

import type { DamageClass } from "../../client";
import { useLanguage } from "../../i18n/language";
import { Trouble } from "../../Trouble";
import { didWord } from "../edit/Meanwhile";
import { shown } from "../quantity";
import { type HistoryEvent, historyQuery } from "./queries";

interface Props {
  defectId: string;
  classes: ReadonlyMap<string, DamageClass>;
}

/** Tell who saw what and who decided what, over all surveys and versions, newest first. */
export function History({ defectId, classes }: Props) {
  const { say } = useLanguage();
  const { data, error } = useQuery(historyQuery(defectId));
  const events = data?.events.toReversed() ?? [];
  return (
    <section aria-label={say("life")}>
      <h3>{say("life")}</h3>
      <Trouble error={error} />
      {data && !events.some((event) => event.kind !== "seen") && <p className="empty">{say("noHistory")}</p>}
      <ol className="history">
        {events.map((event, i) => (
          <li key={`${event.at} ${event.kind} ${events.length - i}`} className={event.kind}>
            <Event event={event} own={defectId} classes={classes} />
          </li>
        ))}
      </ol>
    </section>
  );
}

interface EventProps {
  event: HistoryEvent;
  own: string;
  classes: Props["classes"];
}

function Event({ event, own, classes }: EventProps) {
  const { language, say } = useLanguage();
  const done = didWord(event.edit ?? "");
  const named = (code: string | null) => (code === null ? "" : (classes.get(code)?.[language] ?? code));
  return (
    <>
      {event.kind === "seen" && (
        <>
          {say("seenIn")}: <Machine event={event} named={named} />
        </>
      )}
      {event.kind === "decided" && (
        <>
          {event.state_after && <b className={`state ${event.state_after}`}>{say(event.state_after)}</b>} <b>{event.by}</b>{" "}
          {event.action && say(`action_${event.action}`)}
          {event.damage_class_after !== event.damage_class_before && ` → ${named(event.damage_class_after)}`}
          {event.reason && ` · ${say(event.reason)}`}
          {event.note && ` · ${event.note === "undo" ? say("undone") : event.note}`}
        </>
      )}
      {event.kind === "edited" && (
        <>
          <b>{event.by}</b> {done ? say(done) : event.edit}
          {event.note && ` · ${event.note}`}
        </>
      )}
      {event.kind === "graded" && (
        <>
          <b>{event.by}</b> {say("gradedAs")}: <b>{event.grade_after}</b>
          {event.note && ` · ${event.note}`}
        </>
      )}
      <small>
        {new Date(event.at).toLocaleString(language)}
        {event.defect_id !== own && ` · ${say("beforeEdit")} ${event.defect_id.slice(0, 8)}`}
        {event.version_after !== null && ` · ${say("version")} ${event.version_after}`}
        {event.kind === "decided" && (
          <>
            {" "}
            · {say("machineSaid")}: <Machine event={event} named={named} />
          </>
        )}
      </small>
    </>
  );
}

function Machine({ event, named }: { event: HistoryEvent; named: (code: string | null) => string }) {
  const said = event.machine;
  if (said === null) return null;
  const size = said.length_m ? shown(said.length_m, "m", 2) : shown(said.area_m2, "m²", 4);
  return (
    <>
      {named(said.damage_class)} {Math.round(100 * said.confidence)} %, {size}
      {said.width_mm && `, ${shown(said.width_mm, "mm", 2)}`}
    </>
  );
}
