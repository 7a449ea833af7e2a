import { type KeyboardEvent, type PointerEvent, useId, useMemo, useRef } from "react";

import { useLanguage } from "../../i18n/language";
import { shown } from "../quantity";
import { bandPath, type Frame, linePath, nearest, runsOf, type Scale, scaleOf, ticks } from "./chart";
import { pointAt, useShared } from "./pointing";
import type { Profile, ProfilePoint } from "./queries";

interface Props {
  profile: Profile;
  width: number;
  height: number;
}

const STEPS = { ArrowLeft: -1, ArrowRight: 1, PageDown: -20, PageUp: 20 } as const;

/** Draw the widths along a crack; pointing at a place marks it on the map and in the photos. */
export function WidthChart({ profile, width, height }: Props) {
  const { say } = useLanguage();
  const frame: Frame = { width, height, left: 38, right: 10, top: 16, bottom: 32 };
  const scale = scaleOf(profile, frame);
  const hatch = useId();
  const { place } = useShared();
  const mine = place?.defectId === profile.defect_id ? place : null;
  const here = mine === null ? undefined : nearest(profile.points, mine.distanceM);
  const runs = useMemo(() => runsOf(profile.points), [profile.points]);
  const svg = useRef<SVGSVGElement>(null);

  const go = (point: ProfilePoint | undefined, chosen: boolean) => {
    if (point === undefined) return;
    const { distance_m, surface_m } = point;
    pointAt({ defectId: profile.defect_id, distanceM: distance_m, surfaceM: surface_m, chosen });
  };
  const under = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return nearest(profile.points, scale.distanceAt(((event.clientX - box.left) / box.width) * width));
  };
  const onKey = (event: KeyboardEvent) => {
    const step = STEPS[event.key as keyof typeof STEPS];
    const last = profile.points.length - 1;
    const from = here === undefined ? -1 : profile.points.indexOf(here);
    const to = event.key === "Home" ? 0 : event.key === "End" ? last : step === undefined ? null : from + step;
    if (to !== null) go(profile.points[Math.min(last, Math.max(0, to))], false);
    else if (event.key === "Enter") go(here, true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <svg
      ref={svg}
      className="width-chart"
      viewBox={`0 0 ${width} ${height}`}
      tabIndex={0}
      role="slider"
      aria-label={say("profileChart")}
      aria-valuemin={0}
      aria-valuemax={profile.length_m}
      aria-valuenow={here?.distance_m ?? 0}
      aria-valuetext={here ? `${here.distance_m.toFixed(3)} m: ${widthOf(here, say("unread"))}` : say("profile")}
      onPointerMove={(event) => go(under(event), false)}
      onPointerLeave={() => pointAt(null)}
      onClick={(event) => go(under(event as unknown as PointerEvent<SVGSVGElement>), true)}
      onKeyDown={onKey}
    >
      <defs>
        <pattern id={hatch} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="2" height="5" className="hatch" />
        </pattern>
      </defs>
      <Axes profile={profile} frame={frame} scale={scale} />
      {runs.map((run) => (
        <g key={`${run.kind} ${run.points[0]?.distance_m}`}>
          <path
            className={`band ${run.kind}`}
            d={bandPath(run, scale)}
            {...(run.kind === "below" ? { fill: `url(#${hatch})` } : {})}
          />
          {run.kind === "read" && <path className="curve" d={linePath(run, scale)} />}
          {run.kind === "unread" && <Unread points={run.points} scale={scale} />}
        </g>
      ))}
      <Segments profile={profile} scale={scale} />
      <Limits profile={profile} frame={frame} scale={scale} />
      {profile.greatest && (
        <circle
          className="greatest"
          cx={scale.x(profile.greatest.distance_m)}
          cy={scale.y(profile.greatest.width_mm.value ?? 0)}
          r={4}
        />
      )}
      {here && <Cursor point={here} frame={frame} scale={scale} unread={say("unread")} />}
    </svg>
  );
}

export function widthOf({ width_mm }: ProfilePoint, unread: string): string {
  return width_mm === null ? unread : shown(width_mm, "mm", 2);
}

interface Drawn {
  profile: Profile;
  frame: Frame;
  scale: Scale;
}

function Axes({ profile, frame, scale }: Drawn) {
  const { say } = useLanguage();
  const [left, right] = [frame.left, frame.width - frame.right];
  const ground = frame.height - frame.bottom;
  return (
    <g className="axes">
      {ticks(scale.highestMm, 4).map((mm) => (
        <g key={mm}>
          <line x1={left} x2={right} y1={scale.y(mm)} y2={scale.y(mm)} />
          <text x={left - 5} y={scale.y(mm) + 4} textAnchor="end">
            {mm}
          </text>
        </g>
      ))}
      {ticks(profile.length_m, frame.width > 500 ? 10 : 5).map((metres) => (
        <text key={metres} x={scale.x(metres)} y={ground + 14} textAnchor="middle">
          {metres}
        </text>
      ))}
      {profile.pieces.slice(1).map((piece) => (
        <line
          key={piece.start_m}
          className="branch"
          x1={scale.x(piece.start_m)}
          x2={scale.x(piece.start_m)}
          y1={frame.top}
          y2={ground}
        />
      ))}
      <text x={right} y={frame.height - 4} textAnchor="end">
        {say("distanceM")}
      </text>
      <text x={4} y={11}>
        {say("widthMm")}
      </text>
    </g>
  );
}

function Unread({ points, scale }: { points: readonly ProfilePoint[]; scale: Scale }) {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return null;
  return (
    <line
      className="unread"
      x1={scale.x(first.distance_m) - 1}
      x2={scale.x(last.distance_m) + 1}
      y1={scale.y(0)}
      y2={scale.y(0)}
    />
  );
}

function Segments({ profile, scale }: { profile: Profile; scale: Scale }) {
  return (
    <g className="segments">
      {profile.segments.map(({ start_m, end_m, width_mm }) => (
        <line
          key={start_m}
          className={width_mm.below_limit ? "below" : ""}
          x1={scale.x(start_m) + 1}
          x2={scale.x(end_m) - 1}
          y1={scale.y(width_mm.value ?? width_mm.limit)}
          y2={scale.y(width_mm.value ?? width_mm.limit)}
        />
      ))}
    </g>
  );
}

/** Draw where a rule changes its mind; names that would cover each other stand side by side. */
function Limits({ profile, frame, scale }: Drawn) {
  const { language } = useLanguage();
  const inside = profile.limits.filter(({ width_mm }) => width_mm <= scale.highestMm);
  return (
    <g className="limits">
      {inside.map((limit, i) => (
        <g key={limit.width_mm}>
          <line
            x1={frame.left}
            x2={frame.width - frame.right}
            y1={scale.y(limit.width_mm)}
            y2={scale.y(limit.width_mm)}
          />
          <text
            x={i % 2 === 0 ? frame.width - frame.right : frame.left + 4}
            y={scale.y(limit.width_mm) - 3}
            textAnchor={i % 2 === 0 ? "end" : "start"}
          >
            {limit[language]} {limit.width_mm}
          </text>
        </g>
      ))}
    </g>
  );
}

interface CursorProps {
  point: ProfilePoint;
  frame: Frame;
  scale: Scale;
  unread: string;
}

function Cursor({ point, frame, scale, unread }: CursorProps) {
  const x = scale.x(point.distance_m);
  const onLeft = x > frame.width * 0.55;
  return (
    <g className="cursor">
      <line x1={x} x2={x} y1={frame.top} y2={frame.height - frame.bottom} />
      {point.width_mm?.value != null && <circle cx={x} cy={scale.y(point.width_mm.value)} r={3.5} />}
      <text x={x + (onLeft ? -6 : 6)} y={frame.top + 10} textAnchor={onLeft ? "end" : "start"}>
        {widthOf(point, unread)}
      </text>
    </g>
  );
}
