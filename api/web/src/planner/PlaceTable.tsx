import { useLanguage } from "../i18n/language";
import { PARTS, type Place, risen } from "./weights";

const NUMBERS: ReadonlySet<string> = new Set(["rank", "score", "confidence"]);

interface Props {
  places: readonly Place[];
  chosenId: string | null;
  onChoose: (assetId: string) => void;
}

/** List assets by urgency, with what makes the score as a bar and how the rank moved. */
export function PlaceTable({ places, chosenId, onChoose }: Props) {
  const { say } = useLanguage();
  return (
    <table className="places">
      <thead>
        <tr>
          {(["rank", "asset", "municipality", "soundness", "tier", "score", "reasons", "confidence"] as const).map(
            (word) => (
              <th key={word} scope="col" className={NUMBERS.has(word) ? "number" : ""}>
                {say(word)}
              </th>
            ),
          )}
        </tr>
      </thead>
      <tbody>
        {places.map((place) => (
          <tr key={place.asset_id} data-asset={place.asset_id} aria-current={place.asset_id === chosenId}>
            <td className="number">
              {place.rank} <Move by={risen(place)} />
            </td>
            <td>
              <button type="button" className="link" onClick={() => onChoose(place.asset_id)}>
                {place.name}
              </button>
              <small> {place.asset_id}</small>
            </td>
            <td>{place.municipality}</td>
            <td>{place.soundness || "–"}</td>
            <td>
              <b className={`state tier-${place.tier}`}>{say(`tier_${place.tier as 0 | 1 | 2}`)}</b>
            </td>
            <td className="number">{place.score.toFixed(1)}</td>
            <td>
              <Bar points={place.points} />
            </td>
            <td className="number">{Math.round(place.confidence * 100)} %</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Draw what likelihood, consequence and timing give to a score of 0 to 100. */
export function Bar({ points }: { points: readonly number[] }) {
  const { say } = useLanguage();
  const words = PARTS.map((part, i) => `${say(`part_${part}`)} ${points[i]?.toFixed(1)}`).join(", ");
  return (
    <span className="score-bar" role="img" aria-label={words} title={words}>
      {PARTS.map((part, i) => (
        <i key={part} className={`part-${part}`} style={{ width: `${points[i]}%` }} />
      ))}
    </span>
  );
}

function Move({ by }: { by: number }) {
  const { say } = useLanguage();
  if (by === 0) return null;
  return (
    <small className={by > 0 ? "up" : "down"}>
      <span aria-hidden="true">{by > 0 ? "▲" : "▼"}</span>
      <span className="unseen">{say(by > 0 ? "up" : "down")} </span>
      {Math.abs(by)}
    </small>
  );
}
