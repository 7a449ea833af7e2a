import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, useSyncExternalStore } from "react";

import { useLanguage } from "../i18n/language";
import { sessionQuery } from "../queries";
import { Dropzone } from "./Dropzone";
import { FileList } from "./FileList";
import { type Shown, sayBytes, shownRows, tally } from "./rows";
import { senderOf } from "./sender";

const SHOWN = { all: "showAll", open: "showOpen", bad: "showBad" } as const;

/** Add photos and see what becomes of each. */
export function SendCard({ surveyId, isClosed }: { surveyId: string; isClosed: boolean }) {
  const { say } = useLanguage();
  const queries = useQueryClient();
  const sender = senderOf(surveyId);
  const { rows, isPaused } = useSyncExternalStore(sender.subscribe, sender.state);
  const [shown, setShown] = useState<Shown>("all");
  const sum = tally(rows);
  const isBusy = sum.over < sum.files;

  useEffect(() => {
    sender.onSignedOut = () => void queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
  }, [sender, queries]);

  return (
    <>
      {isClosed ? (
        <p className="card wait" role="status">
          {say("busySurvey")}
        </p>
      ) : (
        <Dropzone onPicked={(files) => sender.add(files)} />
      )}
      {rows.length > 0 && (
        <section className="card" aria-label={say("files")}>
          <div className="send-sum" data-over={sum.over} data-files={sum.files} data-good={sum.good}>
            <progress value={sum.sentBytes} max={Math.max(sum.bytes, 1)} aria-label={say("uploadPhotos")} />
            <p role="status">
              <b>
                {sum.over} / {sum.files}
              </b>{" "}
              {say("filesOver")} · {sayBytes(sum.sentBytes)} / {sayBytes(sum.bytes)}
              {sum.bad > 0 && (
                <span className="bad">
                  {" "}
                  · {sum.bad} {say("filesBad")}
                </span>
              )}
              {isPaused && <b> · {say("paused")}</b>}
              {!isBusy && sum.files > 0 && sum.bad === 0 && <span className="good"> · {say("allSent")}</span>}
            </p>
            <div className="buttons">
              {isBusy && !isPaused && (
                <button type="button" onClick={() => sender.pause()}>
                  {say("pause")}
                </button>
              )}
              {isPaused && (
                <button type="button" className="primary" onClick={() => sender.resume()}>
                  {say("resume")}
                </button>
              )}
              {isBusy && (
                <button type="button" onClick={() => void sender.cancel()}>
                  {say("cancelUpload")}
                </button>
              )}
              {sum.failed > 0 && (
                <button type="button" className="primary" onClick={() => sender.retry()}>
                  {say("tryAgain")}
                </button>
              )}
              <label className="shown">
                <span className="unseen">{say("files")}</span>
                <select value={shown} onChange={(event) => setShown(event.target.value as Shown)}>
                  {Object.entries(SHOWN).map(([value, word]) => (
                    <option key={value} value={value}>
                      {say(word)}
                    </option>
                  ))}
                </select>
              </label>
            </div>
          </div>
          {sum.retrying > 0 && (
            <p className="trouble waiting" role="alert">
              {say("noConnection")}
            </p>
          )}
          <FileList rows={shownRows(rows, shown)} />
        </section>
      )}
    </>
  );
}
