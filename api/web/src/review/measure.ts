export const TOOLS = ["length", "area"] as const;
export type Tool = (typeof TOOLS)[number];
export type Point = readonly [x: number, y: number];

/** Length of a line in the metres of its surface. */
export function lengthM(line: readonly Point[]): number {
  return line.slice(1).reduce((sum, [x, y], i) => {
    const [fromX, fromY] = line[i] as Point;
    return sum + Math.hypot(x - fromX, y - fromY);
  }, 0);
}

/** Area of a ring in square metres, whichever way round it goes; it need not be closed. */
export function areaM2(ring: readonly Point[]): number {
  const twice = ring.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = ring[(i + 1) % ring.length] as Point;
    return sum + x * nextY - nextX * y;
  }, 0);
  return Math.abs(twice) / 2;
}

/** Write a size so that a crack and a bridge both have readable digits. */
export function written(tool: Tool, points: readonly Point[]): string {
  if (tool === "length") {
    const metres = lengthM(points);
    return metres < 1 ? `${(metres * 1000).toFixed(1)} mm` : `${metres.toFixed(3)} m`;
  }
  const area = areaM2(points);
  return area < 0.01 ? `${(area * 1e4).toFixed(2)} cm²` : `${area.toFixed(4)} m²`;
}
