import { useLanguage } from "../i18n/language";

export type Cell = readonly [likelihood: number, consequence: number];

interface Props {
  /** Assets by class of likelihood (rows) and consequence (columns), least first. */
  counts: readonly (readonly number[])[];
  chosen: Cell | null;
  onChoose: (cell: Cell | null) => void;
}

const CLASSES = ["0–20", "20–40", "40–60", "60–80", "80–100"];

/** Count assets by likelihood and consequence; a cell filters the table. */
export function RiskMatrix({ counts, chosen, onChoose }: Props) {
  const { say } = useLanguage();
  const rows = counts.map((row, likelihood) => ({ row, likelihood })).reverse();
  return (
    <table className="matrix">
      <caption>{say("riskMatrix")}</caption>
      <tbody>
        {rows.map(({ row, likelihood }) => (
          <tr key={likelihood}>
            <th scope="row">{CLASSES[likelihood]}</th>
            {row.map((count, consequence) => {
              const here = chosen?.[0] === likelihood && chosen[1] === consequence;
              return (
                // the place in the matrix is what a cell is
                <td key={CLASSES[consequence]}>
                  <button
                    type="button"
                    className={`risk-${likelihood + consequence}`}
                    aria-pressed={here}
                    disabled={count === 0}
                    aria-label={`${say("part_L")} ${CLASSES[likelihood]}, ${say("part_C")} ${CLASSES[consequence]}: ${count}`}
                    onClick={() => onChoose(here ? null : [likelihood, consequence])}
                  >
                    {count}
                  </button>
                </td>
              );
            })}
          </tr>
        ))}
        <tr>
          <th scope="row">{say("matrixAxes")}</th>
          {CLASSES.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </tbody>
    </table>
  );
}
