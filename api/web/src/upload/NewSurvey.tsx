import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { go } from "../address";
import type { Schemas } from "../client";
import { useLanguage } from "../i18n/language";
import { Trouble } from "../Trouble";
import { createSurvey, sendPhotos, startProcessing } from "./upload";

/** Create a survey for an asset, upload its photos and start the work on it. */
export function NewSurvey() {
  const { say } = useLanguage();
  const queries = useQueryClient();
  const [assetId, setAssetId] = useState("");
  const [assetName, setAssetName] = useState("");
  const [surface, setSurface] = useState<Schemas["Surface"]>("nadir");
  const [gsd, setGsd] = useState("");
  const [files, setFiles] = useState<readonly File[]>([]);
  const [sent, setSent] = useState(0);
  const [setAside, setSetAside] = useState<readonly Schemas["UploadedFile"][]>([]);

  const upload = useMutation({
    mutationFn: async () => {
      setSent(0);
      setSetAside([]);
      const surveyId = await createSurvey({
        assetId: assetId.trim(),
        assetName: assetName.trim(),
        surface,
        gsdMmPerPx: gsd === "" ? null : Number(gsd),
      });
      await sendPhotos(surveyId, files, (count, answers) => {
        setSent(count);
        setSetAside((before) => [...before, ...answers.filter((file) => file.status === "rejected")]);
      });
      await startProcessing(surveyId);
      return surveyId;
    },
    onSuccess: (surveyId) => {
      void queries.invalidateQueries({ queryKey: ["surveys"] });
      go({ name: "review", surveyId });
    },
  });

  const isReady = assetId.trim() !== "" && files.length > 0 && (surface !== "strip" || Number(gsd) > 0);
  return (
    <form
      className="card"
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady && !upload.isPending) upload.mutate();
      }}
    >
      <h2>{say("newSurvey")}</h2>
      <div className="fields">
        <label>
          {say("assetId")}
          <input required maxLength={200} value={assetId} onChange={(event) => setAssetId(event.target.value)} />
        </label>
        <label>
          {say("assetName")}
          <input maxLength={200} value={assetName} onChange={(event) => setAssetName(event.target.value)} />
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
        <label>
          {say("choosePhotos")}
          <input
            type="file"
            multiple
            accept="image/jpeg,image/png,image/tiff"
            onChange={(event) => setFiles([...(event.target.files ?? [])])}
          />
        </label>
      </div>
      <button type="submit" className="confirm" disabled={!isReady || upload.isPending}>
        {say("start")}
      </button>
      {upload.isPending && (
        <p className="working" role="status">
          {say("uploading")} {sent} / {files.length} <progress value={sent} max={files.length} />
        </p>
      )}
      {setAside.length > 0 && (
        <ul>
          {setAside.map((file) => (
            <li key={file.name}>
              {say("setAside")}: {file.name} · {file.detail}
            </li>
          ))}
        </ul>
      )}
      <Trouble error={upload.error} />
    </form>
  );
}
