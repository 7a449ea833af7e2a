import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { bytesText } from "../admin/bytes";
import { api, type Schemas, told } from "../client";
import { useLanguage } from "../i18n/language";
import { Trouble } from "../Trouble";
import { ChannelMap } from "./ChannelMap";
import { BACKGROUND, classesOf, OUTPUTS, STEPS, threeOf } from "./model";
import { forget, sendFile } from "./queries";

const HALF = "0.5";

/** Take a network in: what is said about it first, then its file. */
export function UploadForm({ models }: { models: Schemas["ModelsOut"] }) {
  const { say } = useLanguage();
  const queries = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [name, setName] = useState("");
  const [output, setOutput] = useState<(typeof OUTPUTS)[number]>("logits");
  const [channels, setChannels] = useState<readonly string[]>([BACKGROUND, "crack"]);
  const [thresholds, setThresholds] = useState<Readonly<Record<string, string>>>({});
  const [gsd, setGsd] = useState<readonly [string, string]>(["0.3", "2"]);
  const [licence, setLicence] = useState("LicenseRef-own");
  const [input, setInput] = useState<Input>({ fullScale: 1, mean: "0 0 0", deviation: "1 1 1", step: 32 });
  const [share, setShare] = useState<number | null>(null);
  const send = useMutation({
    mutationFn: async (chosen: File) => {
      const [mean, deviation] = [threeOf(input.mean), threeOf(input.deviation)];
      if (mean === null || deviation === null) throw new Error(say("threeNumbers"));
      const body: Schemas["ModelIn"] = {
        name: name.trim(),
        file_name: chosen.name,
        channels: [...channels],
        output,
        full_scale: input.fullScale,
        mean,
        deviation,
        thresholds: Object.fromEntries(classesOf(channels).map((code) => [code, Number(thresholds[code] ?? HALF)])),
        gsd_range_mm_per_px: [Number(gsd[0]), Number(gsd[1])],
        size_multiple_px: input.step,
        licence: licence.trim(),
      };
      const described = told(await api.POST("/api/models", { body }), "ModelRow");
      const address = `/api/models/${described.own_model_id}/file`;
      setShare(0);
      try {
        await sendFile(address, chosen, setShare);
      } catch (error) {
        await forget(described.own_model_id ?? "");
        throw error;
      }
    },
    onSettled: () => {
      setShare(null);
      return queries.invalidateQueries({ queryKey: ["models"] });
    },
  });
  const canSend = file !== null && name.trim() !== "" && classesOf(channels).length > 0 && !send.isPending;
  return (
    <form
      className="card upload-model"
      aria-label={say("uploadModel")}
      onSubmit={(event) => {
        event.preventDefault();
        if (file !== null && canSend) send.mutate(file);
      }}
    >
      <h2>{say("uploadModel")}</h2>
      <p className="soft">{say("uploadModelHint")}</p>
      <div className="fields">
        <label>
          {say("modelFile")}
          <input type="file" accept=".onnx" required onChange={(event) => setFile(event.target.files?.[0] ?? null)} />
          <small>
            {say("modelFileMax")} {bytesText(models.file_max_bytes)}
          </small>
        </label>
        <label>
          {say("modelName")}
          <input
            value={name}
            required
            pattern="[a-z0-9][a-z0-9\-]{0,62}"
            autoComplete="off"
            autoCapitalize="none"
            aria-describedby="model-name-hint"
            onChange={(event) => setName(event.target.value)}
          />
          <small id="model-name-hint">{say("modelNameHint")}</small>
        </label>
        <label>
          {say("modelOutput")}
          <select value={output} onChange={(event) => setOutput(event.target.value as typeof output)}>
            {OUTPUTS.map((kind) => (
              <option key={kind} value={kind}>
                {say(`output_${kind}`)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {say("modelLicence")}
          <input value={licence} required maxLength={100} onChange={(event) => setLicence(event.target.value)} />
        </label>
      </div>
      <ChannelMap
        classes={models.classes}
        channels={channels}
        onChannels={setChannels}
        thresholds={thresholds}
        onThreshold={(code, value) => setThresholds({ ...thresholds, [code]: value })}
      />
      <div className="fields">
        {([0, 1] as const).map((end) => (
          <label key={end}>
            {say(end === 0 ? "gsdLow" : "gsdHigh")}
            <input
              type="number"
              min="0.001"
              step="any"
              required
              value={gsd[end]}
              onChange={(event) => setGsd(end === 0 ? [event.target.value, gsd[1]] : [gsd[0], event.target.value])}
            />
          </label>
        ))}
      </div>
      <InputFields input={input} onInput={setInput} />
      <Trouble error={send.error} />
      {share !== null && (
        <p role="status">
          {say("sendingModel")} <progress max={1} value={share} aria-label={say("sendingModel")} />
        </p>
      )}
      {send.isSuccess && <p role="status">{say("modelSent")}</p>}
      <button type="submit" className="primary" disabled={!canSend}>
        {say("sendModel")}
      </button>
    </form>
  );
}

interface Input {
  readonly fullScale: 1 | 255;
  readonly mean: string;
  readonly deviation: string;
  readonly step: (typeof STEPS)[number];
}

const IMAGENET = { mean: "0.485 0.456 0.406", deviation: "0.229 0.224 0.225" };

function InputFields({ input, onInput }: { input: Input; onInput: (input: Input) => void }) {
  const { say } = useLanguage();
  return (
    <details>
      <summary>{say("finer")}</summary>
      <div className="fields">
        <label>
          {say("fullScale")}
          <select value={input.fullScale} onChange={(event) => onInput({ ...input, fullScale: Number(event.target.value) as 1 | 255 })}>
            <option value={1}>1</option>
            <option value={255}>255</option>
          </select>
        </label>
        <label>
          {say("meanRgb")}
          <input value={input.mean} onChange={(event) => onInput({ ...input, mean: event.target.value })} />
        </label>
        <label>
          {say("deviationRgb")}
          <input value={input.deviation} onChange={(event) => onInput({ ...input, deviation: event.target.value })} />
        </label>
        <label>
          {say("sizeMultiple")}
          <select value={input.step} onChange={(event) => onInput({ ...input, step: Number(event.target.value) as Input["step"] })}>
            {STEPS.map((step) => (
              <option key={step} value={step}>
                {step}
              </option>
            ))}
          </select>
        </label>
      </div>
      <button type="button" onClick={() => onInput({ ...input, ...IMAGENET })}>
        ImageNet
      </button>
    </details>
  );
}
