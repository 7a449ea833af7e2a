import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { useLanguage } from "../../i18n/language";
import { Trouble } from "../../Trouble";
import { shown } from "../quantity";
import { highestMm, kindOf } from "./chart";
import { pointAt } from "./pointing";
import { type Profile, profileQuery, type Seen } from "./queries";
import { WidthChart, widthOf } from "./WidthChart";

interface Props {
  seen: Seen;
  width?: number;
  height?: number;
}

/** Show the widths along a crack as a chart, with tables of the same numbers beside it. */
export function WidthProfile({ seen, width = 312, height = 190 }: Props) {
  const { say } = useLanguage();
  const { data: profile, error } = useQuery(profileQuery(seen));
  return (
    <section className="profile" aria-label={say("profile")}>
      <h3>{say("profile")}</h3>
      <Trouble error={error} />
      {!profile && !error && <p className="empty">{say("loading")}</p>}
      {profile && <Drawn profile={profile} width={width} height={height} />}
    </section>
  );
}

function Drawn({ profile, width, height }: { profile: Profile; width: number; height: number }) {
  const { language, say } = useLanguage();
  const hidden = profile.limits.filter((limit) => limit.width_mm > highestMm(profile));
  const kinds = new Set(profile.points.map(kindOf));
  return (
    <>
      {profile.why_no_points && <p className="hint">{say(`noPoints_${profile.why_no_points}`)}</p>}
      {(profile.points.length > 0 || profile.segments.length > 0) && (
        <WidthChart profile={profile} width={width} height={height} />
      )}
      <dl>
        {profile.representative_mm && (
          <>
            <dt>{say("gradedWidth")}</dt>
            <dd>{shown(profile.representative_mm, "mm", 2)}</dd>
          </>
        )}
        {profile.greatest && (
          <>
            <dt>{say("greatestWidth")}</dt>
            <dd>
              {shown(profile.greatest.width_mm, "mm", 2)}
              <small>
                {" "}
                ({profile.greatest.distance_m.toFixed(2)} m)
              </small>
            </dd>
          </>
        )}
      </dl>
      {profile.points.length > 0 && (
        <p className="soft legend">
          {say("bandLegend")}
          {profile.segments.length > 0 && ` · ${say("segmentLegend")}`}
          {kinds.has("below") && ` · ${say("belowLegend")}`}
          {kinds.has("unread") && ` · ${say("unreadLegend")}`}
        </p>
      )}
      {hidden.length > 0 && (
        <p className="soft legend">
          {say("limitHidden")}: {hidden.map((limit) => `${limit[language]} ${limit.width_mm} mm`).join(", ")}
        </p>
      )}
      {profile.segments.length > 0 && <SegmentTable profile={profile} />}
      {profile.points.length > 0 && <PlaceTable profile={profile} />}
    </>
  );
}

function SegmentTable({ profile }: { profile: Profile }) {
  const { say } = useLanguage();
  return (
    <details>
      <summary>{say("half_metres")}</summary>
      <div className="scroll" tabIndex={0} role="region" aria-label={say("half_metres")}>
        <table>
          <thead>
            <tr>
              {(["segmentRange", "width95", "largestMm", "photosCount"] as const).map((word) => (
                <th key={word} scope="col">
                  {say(word)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {profile.segments.map((segment) => (
              <tr key={segment.start_m}>
                <th scope="row">
                  {segment.start_m.toFixed(2)}–{segment.end_m.toFixed(2)}
                </th>
                <td>{shown(segment.width_mm, "", 2)}</td>
                <td>{segment.largest_mm?.toFixed(2) ?? "–"}</td>
                <td>{segment.photos}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

/** List every place; drawn only when somebody opens it, for there may be a thousand. */
function PlaceTable({ profile }: { profile: Profile }) {
  const { say } = useLanguage();
  const [open, setOpen] = useState(false);
  const names = new Map(profile.photos.map((photo) => [photo.sha256, photo.name]));
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {say("everyPlace")} ({profile.points.length})
      </summary>
      {open && (
        <div className="scroll places-read" tabIndex={0} role="region" aria-label={say("everyPlace")}>
          <table>
            <thead>
              <tr>
                {(["distanceM", "widthMm", "method", "photo"] as const).map((word) => (
                  <th key={word} scope="col">
                    {say(word)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {profile.points.map((point) => (
                <tr key={point.distance_m} className={point.trusted ? "" : "soft"}>
                  <th scope="row">
                    <button
                      type="button"
                      className="link"
                      onClick={() =>
                        pointAt({
                          defectId: profile.defect_id,
                          distanceM: point.distance_m,
                          surfaceM: point.surface_m,
                          chosen: true,
                        })
                      }
                    >
                      {point.distance_m.toFixed(3)}
                    </button>
                  </th>
                  <td>{widthOf(point, say("unread")).replace(" mm", "")}</td>
                  <td>{point.method ? say(`method_${point.method}`) : "–"}</td>
                  <td>{point.photo_sha256 ? (names.get(point.photo_sha256) ?? "") : "–"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
