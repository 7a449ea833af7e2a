import { useMutation } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";

import { useLanguage } from "../../i18n/language";
import { Trouble } from "../../Trouble";
import { useMap } from "../mapContext";
import { isVague, shown } from "../quantity";
import { type ClickWidth, widthAt } from "./requests";
import { usePreviewLayer } from "./usePreviewLayer";

/** Read the width of a crack where somebody clicks, with its uncertainty or the reason why not. */
export function WidthTool({ surveyId }: { surveyId: string }) {
  const { say } = useLanguage();
  const { map } = useMap();
  const measuring = useMutation({ mutationFn: (place: [number, number]) => widthAt(surveyId, place) });
  const { mutate } = measuring;
  useEffect(() => {
    const onClick = (event: { coordinate: number[] }) => {
      const [x, y] = event.coordinate;
      if (x !== undefined && y !== undefined) mutate([x, y]);
    };
    map.on("click", onClick);
    return () => map.un("click", onClick);
  }, [map, mutate]);
  const section = useMemo(
    () =>
      measuring.data && measuring.data.across.length > 0
        ? [{ outline: { type: "LineString" as const, coordinates: measuring.data.across }, name: "" }]
        : [],
    [measuring.data],
  );
  usePreviewLayer(map, section);
  const here = () => {
    const [x, y] = map.getView().getCenter() ?? [];
    if (x !== undefined && y !== undefined) mutate([x, y]);
  };
  return (
    <>
      <p>{say("widthHint")}</p>
      <fieldset className="buttons">
        <legend className="soft">{say("crosshair")}</legend>
        <button type="button" onClick={here}>
          {say("measureHere")}
        </button>
      </fieldset>
      <div aria-live="polite">
        {measuring.isPending && <p className="soft">{say("measuring")}</p>}
        {measuring.data && <Width found={measuring.data} />}
        <Trouble error={measuring.error} />
      </div>
    </>
  );
}

function Width({ found }: { found: ClickWidth }) {
  const { say } = useLanguage();
  if (found.width_mm === null) {
    return (
      <p>
        {say("widthHere")}: <output>{say("notMeasured")}</output>
        {found.blind && <small>{say(found.blind)}</small>}
      </p>
    );
  }
  const vague = isVague(found.width_mm);
  return (
    <p>
      {say("widthHere")}: <output className={vague ? "vague" : ""}>{shown(found.width_mm, "mm", 2)}</output>
      {found.width_mm.below_limit && <small>{say("belowLimit")}</small>}
      {vague && <small>{say("doubtful")}</small>}
      <small>
        {say("readings")}: {found.readings}
      </small>
    </p>
  );
}
