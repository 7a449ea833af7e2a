import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { go } from "../address";
import type { Schemas } from "../client";
import { useLanguage } from "../i18n/language";
import { assetsQuery } from "../queries";
import { Trouble } from "../Trouble";
import { createSurvey } from "./survey";

/** Create a survey for an asset, and go where its photos are added. */
export function NewSurvey() {
  const { say } = useLanguage();
  const queries = useQueryClient();
  const { data: known } = useQuery(assetsQuery);
  const [assetId, setAssetId] = useState("");
  const [assetName, setAssetName] = useState("");
  const [surface, setSurface] = useState<Schemas["Surface"]>("nadir");
  const [gsd, setGsd] = useState("");
  const chosen = known?.assets.find((asset) => asset.asset_id === assetId.trim());

  const creation = useMutation({
    mutationFn: () =>
      createSurvey({
        assetId: assetId.trim(),
        assetName: assetName.trim(),
        isKnown: chosen !== undefined,
        surface,
        gsdMmPerPx: gsd === "" ? null : Number(gsd),
      }),
    onSuccess: (surveyId) => {
      void queries.invalidateQueries({ queryKey: ["surveys"] });
      go({ name: "upload", surveyId });
    },
  });

  const isReady = assetId.trim() !== "" && (surface !== "strip" || Number(gsd) > 0);
  return (
    <form
      className="card"
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady && !creation.isPending) creation.mutate();
      }}
    >
      <h2>{say("newSurvey")}</h2>
      <div className="fields">
        <label>
          {say("assetId")}
          <input
            required
            maxLength={200}
            list="known-assets"
            value={assetId}
            onChange={(event) => setAssetId(event.target.value)}
          />
          <datalist id="known-assets">
            {known?.assets.map((asset) => (
              <option key={asset.asset_id} value={asset.asset_id}>
                {asset.name}
              </option>
            ))}
          </datalist>
        </label>
        <label>
          {say("assetName")}
          <input
            maxLength={200}
            value={chosen?.name ?? assetName}
            readOnly={chosen !== undefined}
            onChange={(event) => setAssetName(event.target.value)}
          />
        </label>
        <label>
          {say("surface")}
          <select value={surface} onChange={(event) => setSurface(event.target.value as Schemas["Surface"])}>
            <option value="nadir">{say("surfaceNadir")}</option>
            <option value="strip">{say("surfaceStrip")}</option>
          </select>
        </label>
        <label>
          {say("gsd")}
          <input
            type="number"
            min="0.01"
            max="10000"
            step="any"
            required={surface === "strip"}
            value={gsd}
            onChange={(event) => setGsd(event.target.value)}
          />
        </label>
      </div>
      <button type="submit" className="confirm" disabled={!isReady || creation.isPending}>
        {say("createSurvey")}
      </button>
      <Trouble error={creation.error} />
    </form>
  );
}
