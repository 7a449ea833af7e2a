import { type FlightPlan, sideView } from "./wish";

const WIDTH = 320;
const HEIGHT = 140;
const MARGIN = 26;

/** Show the photos of a face from the side: along it, and above take-off. */
export function SideView({ photos, title }: { photos: FlightPlan["photos"]; title: string }) {
  const points = sideView(photos);
  if (points.length === 0) return null;
  const alongs = points.map((point) => point.alongM);
  const [left, right] = [Math.min(...alongs), Math.max(...alongs)];
  const top = Math.max(...points.map((point) => point.heightM), 1);
  const x = (alongM: number) => MARGIN + ((alongM - left) / (right - left || 1)) * (WIDTH - 2 * MARGIN);
  const y = (heightM: number) => HEIGHT - MARGIN - (heightM / top) * (HEIGHT - 2 * MARGIN);
  return (
    <figure className="side-view">
      <figcaption>{title}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={title}>
        <line x1={MARGIN} x2={WIDTH - MARGIN} y1={y(0)} y2={y(0)} stroke="currentColor" />
        {points.map((point, index) => (
          <circle key={index} cx={x(point.alongM)} cy={y(point.heightM)} r="2" fill="#7a2fb0" />
        ))}
        <text x={MARGIN} y={HEIGHT - 8} fontSize="11" fill="currentColor">
          0
        </text>
        <text x={WIDTH - MARGIN} y={HEIGHT - 8} fontSize="11" textAnchor="end" fill="currentColor">
          {(right - left).toFixed(1)} m
        </text>
        <text x={4} y={y(top) + 4} fontSize="11" fill="currentColor">
          {top.toFixed(1)}
        </text>
      </svg>
    </figure>
  );
}
