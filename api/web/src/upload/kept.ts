import type { Schemas } from "../client";

/** Most photos that are shown at once; whoever seeks another one names it. */
export const SHOWN_MOST = 100;

/** Choose photos whose names contain what somebody types, whatever its width or case. */
export function sought<Photo extends Pick<Schemas["PhotoOut"], "name">>(photos: readonly Photo[], name: string): Photo[] {
  const plain = (text: string) => text.normalize("NFKC").toLowerCase();
  const wanted = plain(name.trim());
  return photos.filter((photo) => plain(photo.name).includes(wanted));
}
