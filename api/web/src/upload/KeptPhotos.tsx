import { useState } from "react";

import type { SurveyDetail } from "../client";
import { useLanguage } from "../i18n/language";
import { may, useSession } from "../session/session";
import { SHOWN_MOST, sought } from "./kept";
import { Small } from "./SetAside";
import { TakeOut } from "./TakeOut";

/** Show photos that somebody left out, and let the crew choose among those that the next run uses. */
export function KeptPhotos({ survey }: { survey: SurveyDetail }) {
  const { say } = useLanguage();
  const mayCapture = may(useSession(), "capture");
  if (survey.left_out.length === 0 && (!mayCapture || survey.photos.length === 0)) return null;
  return (
    <section className="card" aria-label={say("leftOut")}>
      <h2>
        {say("leftOut")} <span className="soft">{survey.left_out.length > 0 && survey.left_out.length}</span>
      </h2>
      <p className="soft">{say("leftOutHint")}</p>
      {survey.left_out.length > 0 && (
        <ul className="strip" tabIndex={0} aria-label={say("leftOut")}>
          {survey.left_out.map(({ photo, why, by }) => (
            <li key={photo.sha256} data-left-out={photo.name}>
              <Small surveyId={survey.survey_id} sha256={photo.sha256} isShown />
              <span className="file-name" title={photo.name}>
                {photo.name}
              </span>
              <b>{why}</b>
              <small>{by}</small>
              <TakeOut survey={survey} sha256={photo.sha256} name={photo.name} what="restoration" />
            </li>
          ))}
        </ul>
      )}
      {mayCapture && survey.photos.length > 0 && <Choose survey={survey} />}
    </section>
  );
}

function Choose({ survey }: { survey: SurveyDetail }) {
  const { say } = useLanguage();
  const [open, setOpen] = useState(false);
  const [name, setName] = useState("");
  const found = sought(survey.photos, name);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{say("allPhotos")}</summary>
      {open && (
        <>
          <label className="photo-search">
            {say("photoName")}
            <input value={name} onChange={(event) => setName(event.target.value)} />
          </label>
          <p className="soft" role="status">
            {Math.min(found.length, SHOWN_MOST)} / {found.length}
          </p>
          {found.length === 0 && <p className="empty">{say("noSuchPhoto")}</p>}
          <ul className="strip" tabIndex={0} aria-label={say("allPhotos")}>
            {found.slice(0, SHOWN_MOST).map((photo) => (
              <li key={photo.sha256} data-photo={photo.name}>
                <Small surveyId={survey.survey_id} sha256={photo.sha256} isShown />
                <span className="file-name" title={photo.name}>
                  {photo.name}
                </span>
                <TakeOut survey={survey} sha256={photo.sha256} name={photo.name} what="removal" />
              </li>
            ))}
          </ul>
        </>
      )}
    </details>
  );
}
