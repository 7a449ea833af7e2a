import { useLanguage } from "../i18n/language";
import { NONE } from "./choice";
import type { Background } from "./useBasemap";

/** Let somebody choose the background of a map, and say whose it is, as its licence wants. */
export function BasemapChoice({ basemaps, shown, choose }: Background) {
  const { say } = useLanguage();
  if (basemaps.length === 0) return null;
  return (
    <>
      <select className="basemap" aria-label={say("basemap")} value={shown?.name ?? NONE} onChange={(event) => choose(event.target.value)}>
        <option value={NONE}>{say("noBasemap")}</option>
        {basemaps.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      {shown && (
        <small className="attribution">
          {shown.link ? (
            <a href={shown.link} target="_blank" rel="noreferrer">
              {shown.attribution}
            </a>
          ) : (
            shown.attribution
          )}
        </small>
      )}
    </>
  );
}
