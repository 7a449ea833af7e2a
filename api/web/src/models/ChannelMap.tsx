import { useLanguage } from "../i18n/language";
import { BACKGROUND, classesOf } from "./model";
import { useClassName } from "./useClassName";

interface Props {
  classes: readonly string[];
  channels: readonly string[];
  onChannels: (channels: readonly string[]) => void;
  thresholds: Readonly<Record<string, string>>;
  onThreshold: (code: string, value: string) => void;
}

const MOST_CHANNELS = 256;

/** Say of each channel which damage it is, and of each damage from which probability it counts. */
export function ChannelMap({ classes, channels, onChannels, thresholds, onThreshold }: Props) {
  const { say } = useLanguage();
  const name = useClassName();
  return (
    <fieldset className="channels">
      <legend>{say("channelMap")}</legend>
      <ol start={0}>
        {channels.map((chosen, number) => (
          // a channel is its place
          <li key={number}>
            <label>
              <span className="unseen">
                {say("channel")} {number}
              </span>
              <select
                value={chosen}
                onChange={(event) => onChannels(channels.map((other, at) => (at === number ? event.target.value : other)))}
              >
                <option value={BACKGROUND}>{say("background")}</option>
                {classes.map((code) => (
                  <option key={code} value={code}>
                    {name(code)}
                  </option>
                ))}
              </select>
            </label>
          </li>
        ))}
      </ol>
      <p className="buttons">
        <button type="button" disabled={channels.length >= MOST_CHANNELS} onClick={() => onChannels([...channels, BACKGROUND])}>
          {say("addChannel")}
        </button>
        <button type="button" disabled={channels.length < 2} onClick={() => onChannels(channels.slice(0, -1))}>
          {say("dropChannel")}
        </button>
      </p>
      <div className="fields">
        {classesOf(channels).map((code) => (
          <label key={code}>
            {say("thresholdOf")} {name(code)}
            <input
              type="number"
              min="0.01"
              max="0.99"
              step="0.01"
              value={thresholds[code] ?? "0.5"}
              onChange={(event) => onThreshold(code, event.target.value)}
            />
          </label>
        ))}
      </div>
    </fieldset>
  );
}
