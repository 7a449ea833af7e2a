import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";

import { useLanguage } from "../i18n/language";
import { isBad, isGood, type Row, sayBytes } from "./rows";

const ROW_PX = 46;
const MOST_ROWS = 7;

/** List every file with its state; only the rows that can be seen are drawn. */
export function FileList({ rows }: { rows: readonly Row[] }) {
  const { say } = useLanguage();
  const frame = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_PX,
    overscan: 8,
    getItemKey: (index) => rows[index]?.id ?? index,
  });
  return (
    <div
      ref={frame}
      className="file-list"
      style={{ height: Math.min(Math.max(rows.length, 1), MOST_ROWS) * ROW_PX + 1 }}
      tabIndex={0}
      role="region"
      aria-label={say("files")}
    >
      <ul style={{ height: list.getTotalSize() }}>
        {list.getVirtualItems().map(({ index, key, start }) => {
          const row = rows[index];
          if (row === undefined) return null;
          return (
            <li
              key={key}
              aria-setsize={rows.length}
              aria-posinset={index + 1}
              data-path={row.path}
              data-phase={row.phase}
              style={{ transform: `translateY(${start}px)` }}
            >
              <FileRow row={row} />
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function FileRow({ row }: { row: Row }) {
  const { say } = useLanguage();
  const tone = isBad(row.phase) ? "bad" : isGood(row.phase) ? "good" : row.phase === "retrying" ? "wait" : "soft";
  return (
    <>
      <span className="file-name" title={row.path}>
        {baseOf(row.path)}
        <small>{row.path.slice(0, -baseOf(row.path).length)}</small>
      </span>
      <span className="file-bytes soft">{sayBytes(row.bytes)}</span>
      <span className={`file-state ${tone}`}>
        {row.phase === "sending" ? (
          <progress value={row.sentBytes} max={Math.max(row.bytes, 1)} aria-label={`${row.path} ${say("phase_sending")}`} />
        ) : (
          say(`phase_${row.phase}`)
        )}
        <Detail row={row} />
      </span>
    </>
  );
}

const baseOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);

function Detail({ row }: { row: Row }) {
  const { say } = useLanguage();
  const base = baseOf(row.path);
  if (row.phase === "rejected" && row.reason !== null) return <small title={row.detail}>{say(`why_${row.reason}`)}</small>;
  if (row.phase === "copy") return <small>{row.detail}</small>;
  if (row.phase === "here" && row.detail !== "" && row.detail !== base) return <small>{row.detail}</small>;
  if (row.phase !== "failed") return null;
  const words = row.detail === "changed" ? say("changedOnDisk") : row.detail;
  return <small title={words}>{words}</small>;
}
