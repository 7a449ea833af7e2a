import "ol/ol.css";

import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { api, told } from "../client";
import { useLanguage } from "../i18n/language";
import { flightChoicesQuery } from "../queries";
import { Trouble } from "../Trouble";
import { FlightMap } from "./FlightMap";
import { PlanResult } from "./PlanResult";
import { type Drawing, WishForm } from "./WishForm";
import { type Draft, FIRST_DRAFT, isReady, SHAPES, type Shape, wishOf } from "./wish";

/** Plan a flight in the browser: say what must be seen, see the photos, the checks, take the files. */
export default function FlightPage() {
  const { language, say } = useLanguage();
  const { data: choices, error } = useQuery(flightChoicesQuery);
  const [typed, setTyped] = useState<Draft>(FIRST_DRAFT);
  // the first lens of the table until somebody chooses
  const draft = { ...typed, camera: typed.camera || (choices?.lenses[0] ?? "") };
  const [shapes, setShapes] = useState<readonly Shape[]>([]);
  const [drawing, setDrawing] = useState<Drawing>(null);
  const [takeoff, setTakeoff] = useState<readonly [number, number] | null>(null);
  const planning = useMutation({
    mutationFn: async () => {
      const wish = wishOf(draft, shapes, language, takeoff);
      return { wish, plan: told(await api.POST("/api/flight/plans", { body: wish }), "FlightPlanOut") };
    },
  });
  // a plan belongs to the shapes that it was made for
  const changeShapes = (next: readonly Shape[]) => {
    setShapes(next);
    planning.reset();
  };
  const change = (next: Draft) => {
    if (next.pattern !== draft.pattern) {
      changeShapes([]);
      setDrawing(null);
    }
    setTyped(next);
  };
  return (
    <main className="review flight">
      <div className="title">
        <h1>{say("flight")}</h1>
      </div>
      <Trouble error={error} />
      <div className="desk">
        <form
          className="list wish"
          onSubmit={(event) => {
            event.preventDefault();
            if (isReady(draft, shapes) && !planning.isPending) planning.mutate();
          }}
        >
          {choices && (
            <WishForm
              choices={choices}
              draft={draft}
              shapes={shapes}
              drawing={drawing}
              hasTakeoff={takeoff !== null}
              onDraft={change}
              onShapes={changeShapes}
              onDrawing={setDrawing}
            />
          )}
          <button type="submit" className="confirm" disabled={!isReady(draft, shapes) || planning.isPending}>
            {say("planFlight")}
          </button>
          {planning.isPending && (
            <p className="working" role="status">
              {say("planning")} <progress />
            </p>
          )}
          <Trouble error={planning.error} />
        </form>
        <FlightMap
          label={say("flight")}
          shapes={shapes}
          plan={planning.data?.plan}
          takeoff={takeoff}
          drawing={drawing === "takeoff" ? "Point" : drawing && SHAPES[draft.pattern]}
          onDrawn={(shape) => {
            if (drawing === "takeoff") setTakeoff(shape.coordinates as unknown as [number, number]);
            else changeShapes([...shapes, shape]);
            setDrawing(null);
          }}
        />
        {planning.data ? <PlanResult {...planning.data} /> : <p className="panel empty">{say("flightEmpty")}</p>}
      </div>
    </main>
  );
}
