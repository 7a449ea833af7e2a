import { useMemo } from "react";

import { Problem } from "../../client";
import { useLanguage } from "../../i18n/language";
import { Trouble } from "../../Trouble";
import { useMap } from "../mapContext";
import { MeasureTable } from "./MeasureTable";
import { Meanwhile } from "./Meanwhile";
import type { Edit } from "./useEdit";
import { usePreviewLayer } from "./usePreviewLayer";

interface Props {
  edit: Edit;
  onCancel: () => void;
}

/** Show what an edit would give, on the map and as numbers, and let it be saved. */
export function Outcome({ edit, onCancel }: Props) {
  const { say } = useLanguage();
  const { map } = useMap();
  const given = useMemo(
    () => (edit.preview?.defects ?? []).filter((defect) => defect.state !== "superseded"),
    [edit.preview],
  );
  const shapes = useMemo(
    () => given.map(({ outline }, place) => ({ outline, name: given.length > 1 ? String(place + 1) : "" })),
    [given],
  );
  usePreviewLayer(map, shapes);
  const overtaken = edit.error instanceof Problem && edit.error.meanwhile.length > 0;
  return (
    <div aria-live="polite">
      {edit.busy && <p className="soft">{say("measuring")}</p>}
      {given.length > 0 && <MeasureTable defects={given} />}
      {overtaken ? <p className="trouble" role="alert">{say("changedMeanwhile")}</p> : <Trouble error={edit.error} />}
      <Meanwhile error={edit.error} />
      <div className="buttons">
        <button type="button" className="confirm" disabled={given.length === 0 || edit.busy} onClick={edit.save}>
          {say("saveEdit")}
        </button>
        <button type="button" onClick={onCancel}>
          {say("cancelEdit")}
        </button>
      </div>
    </div>
  );
}
