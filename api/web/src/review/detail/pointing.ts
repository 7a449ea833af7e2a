import { useSyncExternalStore } from "react";

/** A place along a crack at which somebody points, in a chart, a table or a photo. */
export interface Place {
  readonly defectId: string;
  readonly distanceM: number;
  readonly surfaceM: readonly [number, number];
  /** Chosen, not only passed over: the map goes there. */
  readonly chosen: boolean;
}

/** What chart, map, photos and swipe share, without standing in each other's properties. */
interface Shared {
  readonly place: Place | null;
  /** The earlier survey that is laid over the map, null while none is. */
  readonly swipe: string | null;
}

let shared: Shared = { place: null, swipe: null };
const hearers = new Set<() => void>();

function tell(next: Shared): void {
  shared = next;
  for (const hear of hearers) hear();
}

export function pointAt(place: Place | null): void {
  if (place !== null || shared.place !== null) tell({ ...shared, place });
}

export function swipeWith(surveyId: string | null): void {
  tell({ ...shared, swipe: surveyId });
}

export function useShared(): Shared {
  return useSyncExternalStore(
    (hear) => {
      hearers.add(hear);
      return () => hearers.delete(hear);
    },
    () => shared,
  );
}
