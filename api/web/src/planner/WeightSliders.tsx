import { useLanguage } from "../i18n/language";
import { moved, PARTS, type Weights } from "./weights";

interface Props {
  weights: Weights;
  /** The model's own; what the button goes back to. */
  own: Weights;
  changed: boolean;
  onChange: (weights: Weights | null) => void;
}

/** Try other weights of likelihood, consequence and timing; they always add up to 1. */
export function WeightSliders({ weights, own, changed, onChange }: Props) {
  const { say } = useLanguage();
  return (
    <fieldset className="weights">
      <legend>{say("weights")}</legend>
      {PARTS.map((part) => (
        <label key={part}>
          <span>
            <i className={`part part-${part}`} /> {say(`part_${part}`)} <b>{Math.round(weights[part] * 100)} %</b>
          </span>
          <input
            type="range"
            min={0}
            max={100}
            value={Math.round(weights[part] * 100)}
            onChange={(event) => onChange(moved(weights, part, Number(event.target.value) / 100))}
          />
        </label>
      ))}
      <button type="button" disabled={!changed} onClick={() => onChange(null)}>
        {say("ownWeights")} ({PARTS.map((part) => Math.round(own[part] * 100)).join(" : ")})
      </button>
    </fieldset>
  );
}
