import { useMutation } from "@tanstack/react-query";

import { csrfHeaders, Problem, type Schemas } from "../client";
import { useLanguage } from "../i18n/language";
import { Trouble } from "../Trouble";
import { SideView } from "./SideView";
import type { FlightPlan, Wish } from "./wish";

const FORMATS = ["plan", "waypoints", "kmz", "kml", "geojson"] as const;

/** Say what a plan is worth: figures, checks of every part, files. */
export function PlanResult({ plan, wish }: { plan: FlightPlan; wish: Wish }) {
  const { say } = useLanguage();
  const stands = plan.pattern === "facade" || plan.pattern === "orbit";
  return (
    <section className="panel flight-result" aria-live="polite">
      <h2>
        {plan.photo_count} {say("photos")}
        <Outcome outcome={plan.verdict} />
      </h2>
      <dl>
        <dt>{say("coverage")}</dt>
        <dd>
          {(100 * plan.coverage.good).toFixed(1)} % · {plan.coverage.area_m2.toFixed(0)} m²
        </dd>
        <dt>{say("gsd")}</dt>
        <dd>{plan.gsd_mm_per_px.toFixed(2)}</dd>
        <dt>{say("standoff")}</dt>
        <dd>{plan.standoff_m.toFixed(2)} m</dd>
        <dt>{say("measurable")}</dt>
        <dd>{plan.smallest_measurable_width_mm.toFixed(2)} mm</dd>
        <dt>{say("trigger")}</dt>
        <dd>{plan.trigger === "stop" ? say("trigger_stop") : say("trigger_distance")}</dd>
        <dt>{say("speed")}</dt>
        <dd>{plan.speed_m_s.toFixed(1)} m/s</dd>
        <dt>{say("drone")}</dt>
        <dd>{plan.drone}</dd>
      </dl>
      {stands && <SideView photos={plan.photos} title={say("sideView")} />}
      {plan.notes.length > 0 && (
        <ul className="notes">
          {plan.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      {plan.parts.map((part) => (
        <Part key={part.part} part={part} wish={wish} />
      ))}
    </section>
  );
}

function Outcome({ outcome }: { outcome: Schemas["Outcome"] }) {
  const { say } = useLanguage();
  return <span className={`state outcome-${outcome}`}>{say(`outcome_${outcome}`)}</span>;
}

function Part({ part, wish }: { part: Schemas["FlightPartOut"]; wish: Wish }) {
  const { say } = useLanguage();
  const download = useMutation({ mutationFn: (format: string) => fetchFile(wish, format, part.part) });
  const open = part.findings.filter((finding) => finding.outcome !== "pass");
  const passed = part.findings.filter((finding) => finding.outcome === "pass");
  return (
    <div className="card">
      <h3>
        {say("part")} {part.part} <Outcome outcome={part.verdict} />
      </h3>
      <p>
        {part.photos} {say("photos")} · {part.items} {say("items")} · {part.minutes.toFixed(1)} {say("minutes")} ·{" "}
        {part.length_m.toFixed(0)} m
      </p>
      <p className="buttons" aria-label={say("download")}>
        {FORMATS.map((format) => (
          <button key={format} type="button" disabled={download.isPending} onClick={() => download.mutate(format)}>
            .{format}
          </button>
        ))}
      </p>
      <Trouble error={download.error} />
      <p className="hint">{part.statement}</p>
      <ul className="findings" aria-label={say("checks")}>
        {open.map((finding) => (
          <li key={finding.check + finding.reason}>
            <Outcome outcome={finding.outcome} /> <strong>{finding.title}</strong>: {finding.text}
            <small>{finding.source}</small>
          </li>
        ))}
      </ul>
      <details>
        <summary>
          {say("outcome_pass")}: {passed.length}
        </summary>
        <ul className="findings">
          {passed.map((finding) => (
            <li key={finding.check + finding.reason}>
              <strong>{finding.title}</strong>: {finding.text}
            </li>
          ))}
        </ul>
      </details>
    </div>
  );
}

/** Ask for a file and hand it to the browser; the same wish gives the same plan. */
async function fetchFile(wish: Wish, format: string, part: number): Promise<void> {
  const answer = await fetch(`/api/flight/plans/files/${format}?part=${part}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...csrfHeaders() },
    body: JSON.stringify(wish),
  });
  if (!answer.ok) {
    const said = (await answer.json().catch(() => ({}))) as { detail?: string };
    throw new Problem(answer.status, said.detail ?? `HTTP ${answer.status}`);
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `plan-${part}.${format}`;
  link.click();
  URL.revokeObjectURL(link.href);
}
