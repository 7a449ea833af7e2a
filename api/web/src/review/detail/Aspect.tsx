import { useLanguage } from "../../i18n/language";
import type { Sighting } from "./queries";

/** Say how a photo sees the defect. */
export function Aspect({ sighting }: { sighting: Sighting }) {
  const { say } = useLanguage();
  const { distance_m, incidence_deg, gsd_mm_per_px, sharpness_relative, shown_share } = sighting;
  return (
    <small>
      {gsd_mm_per_px.toFixed(2)} mm/px · {say("incidence")} {incidence_deg.toFixed(0)}°
      {distance_m !== null && ` · ${say("cameraDistance")} ${distance_m.toFixed(1)} m`}
      {sharpness_relative !== null && ` · ${say("photoSharpness")} ${Math.round(100 * sharpness_relative)} %`}
      {sighting.is_blurred && ` (${say("blurred")})`}
      {shown_share < 0.995 && ` · ${say("shownShare")} ${Math.round(100 * shown_share)} %`}
    </small>
  );
}
