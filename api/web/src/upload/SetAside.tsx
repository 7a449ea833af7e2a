import { useState } from "react";

import type { Schemas, SurveyDetail } from "../client";
import { useLanguage } from "../i18n/language";
import { Picture } from "../Picture";
import { TakeOut } from "./TakeOut";

type Code = Schemas["RejectionReason"] | Schemas["Concern"];

interface Poor {
  key: string;
  file: string;
  sha256: string | null;
  codes: readonly Code[];
  detail: string;
  isUsed: boolean;
  hasSuccessor: boolean;
}

/** List what cannot be used, then what was kept but is poor; copies are no trouble and left out. */
export function poorOf(survey: SurveyDetail): Poor[] {
  const names = new Set(survey.photos.map((photo) => photo.name));
  const rejected = survey.rejections
    .filter(({ reason }) => reason !== "duplicate")
    .map(({ file, reason, detail, sha256 }) => ({
      key: `${file} ${reason}`,
      file,
      sha256,
      codes: [reason],
      detail,
      isUsed: false,
      hasSuccessor: names.has(file),
    }));
  const poor = survey.photos
    .filter(({ concerns }) => (concerns?.length ?? 0) > 0)
    .map(({ name, sha256, concerns }) => ({
      key: sha256,
      file: name,
      sha256,
      codes: concerns ?? [],
      detail: "",
      isUsed: true,
      hasSuccessor: false,
    }));
  return [...rejected, ...poor];
}

/** Show photos that were set aside or are poor, each with a small picture, why, and what to do. */
export function SetAside({ survey }: { survey: SurveyDetail }) {
  const { say } = useLanguage();
  const poor = poorOf(survey);
  return (
    <section className="card" aria-label={say("setAside")}>
      <h2>
        {say("setAside")} <span className="soft">{poor.length > 0 && poor.length}</span>
      </h2>
      <p className="soft">{say(poor.length === 0 ? "setAsideNone" : "setAsideHint")}</p>
      {poor.length > 0 && (
        <ul className="strip" tabIndex={0}>
          {poor.map((one) => (
            <li key={one.key} data-reason={one.codes.join(" ")}>
              <Small surveyId={survey.survey_id} sha256={one.sha256} isShown={one.isUsed || SHOWN.has(one.codes[0])} />
              <span className="file-name" title={one.file}>
                {one.file}
              </span>
              {one.codes.map((code) => (
                <span key={code}>
                  <b className={one.isUsed ? "wait" : "bad"}>{say(`why_${code}`)}</b>
                  <small>{say(`do_${code}`)}</small>
                </span>
              ))}
              {one.isUsed && one.sha256 && (
                <TakeOut survey={survey} sha256={one.sha256} name={one.file} what="removal" />
              )}
              {one.hasSuccessor && <small className="good">{say("arrivedSince")}</small>}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** Reasons after which there is still something to see. */
const SHOWN: ReadonlySet<Code | undefined> = new Set(["truncated", "no_gps", "unreadable", "not_registered"]);

export function Small({ surveyId, sha256, isShown }: { surveyId: string; sha256: string | null; isShown: boolean }) {
  const { say } = useLanguage();
  const [isGone, setGone] = useState(false);
  if (sha256 === null || !isShown || isGone) return <span className="no-picture">{say("noThumbnail")}</span>;
  return (
    <Picture
      src={`/api/surveys/${surveyId}/photos/${sha256}/thumbnail`}
      alt=""
      loading="lazy"
      width="140"
      height="105"
      onGone={() => setGone(true)}
    />
  );
}
