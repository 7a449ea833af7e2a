import { api, type Defect, type Schemas, told } from "../../client";
import { drawnAs } from "./plan";

export type Edited = Schemas["EditedOut"];
export type EditedDefect = Schemas["EditedDefect"];
export type ClickWidth = Schemas["ClickWidthOut"];
export type GeoShape = Schemas["Geometry"];
type ClassCode = Defect["damage_class"];

/** A defect and the version of it that the engineer looks at. */
export type Seen = Pick<Defect, "defect_id" | "version" | "damage_class">;

/** What an engineer wants done; it is previewed first and then sent with the same identifier. */
export type Wish =
  | { readonly kind: "split"; readonly of: Seen; readonly line: GeoShape }
  | { readonly kind: "merge"; readonly of: readonly Seen[]; readonly damageClass: ClassCode | null }
  | { readonly kind: "redraw"; readonly of: Seen; readonly shape: GeoShape }
  | {
      readonly kind: "draw";
      readonly surveyId: string;
      readonly mosaic: string;
      readonly damageClass: ClassCode;
      readonly shape: GeoShape;
    };

interface Order {
  readonly edit_id: string;
  readonly editor: string;
  readonly preview: boolean;
}

/** Send a wish, or ask what it would give. */
export async function send(wish: Wish, order: Order): Promise<Edited> {
  switch (wish.kind) {
    case "split":
      return told(
        await api.POST("/api/defects/{defect_id}/split", {
          params: { path: { defect_id: wish.of.defect_id } },
          body: { ...order, note: "", expected_version: wish.of.version, line: wish.line },
        }),
        "EditedOut",
      );
    case "merge":
      return told(
        await api.POST("/api/defects/merge", {
          body: {
            ...order,
            note: "",
            defects: wish.of.map((one) => ({ defect_id: one.defect_id, expected_version: one.version })),
            damage_class: wish.damageClass,
          },
        }),
        "EditedOut",
      );
    case "redraw":
      return told(
        await api.PUT("/api/defects/{defect_id}/geometry", {
          params: { path: { defect_id: wish.of.defect_id } },
          body: { ...order, note: "", expected_version: wish.of.version, geometry: wish.shape },
        }),
        "EditedOut",
      );
    case "draw":
      return told(
        await api.POST("/api/surveys/{survey_id}/defects", {
          params: { path: { survey_id: wish.surveyId } },
          body: {
            ...order,
            note: "",
            mosaic_sha256: wish.mosaic,
            damage_class: wish.damageClass,
            geometry: wish.shape,
          },
        }),
        "EditedOut",
      );
  }
}

/** Take an edit back. */
export async function takeBack(editId: string, editor: string): Promise<Edited> {
  return told(
    await api.POST("/api/edits/{edit_id}/undo", {
      params: { path: { edit_id: editId } },
      body: { edit_id: crypto.randomUUID(), editor, note: "", preview: false },
    }),
    "EditedOut",
  );
}

/** Measure the width of the crack at a place. */
export async function widthAt(surveyId: string, [x, y]: readonly [number, number]): Promise<ClickWidth> {
  return told(
    await api.GET("/api/surveys/{survey_id}/width", {
      params: { path: { survey_id: surveyId }, query: { x_m: x, y_m: y } },
    }),
    "ClickWidthOut",
  );
}

/** Give what may be moved point by point: the line of a crack, the outline of the rest. */
export function shapeOf(defect: Pick<Defect, "damage_class" | "axis" | "outline">): GeoShape {
  return drawnAs(defect.damage_class) === "LineString" && defect.axis ? defect.axis : defect.outline;
}
