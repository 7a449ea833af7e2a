import type OlMap from "ol/Map";
import { createContext, useContext } from "react";

/** What a tool on the map may use: the map itself, and who has the pointer. */
export interface MapDesk {
  readonly map: OlMap;
  /** Name of the tool that has the pointer; null while a click chooses a defect. */
  readonly held: string | null;
  /** Take the pointer, or give it back with null; at most one tool has it. */
  readonly hold: (tool: string | null) => void;
}

export const MapContext = createContext<MapDesk | null>(null);

/** Give the map to a tool that stands inside `MosaicMap`. */
export function useMap(): MapDesk {
  const desk = useContext(MapContext);
  if (desk === null) throw new Error("a tool of the map stands outside MosaicMap");
  return desk;
}
