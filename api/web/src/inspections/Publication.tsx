import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { api, told } from "../client";
import { useLanguage } from "../i18n/language";
import { Trouble } from "../Trouble";
import { type Inspection, type Possible } from "./inspection";
import { publicationQuery } from "./queries";
import { Reason } from "./Reason";
import { useDecision, useName } from "./useDecision";

/** Show what of an approved inspection is public and what would be, and let whoever may decide. */
export function Publication({ inspection, may }: { inspection: Inspection; may: Possible }) {
  const { language, say } = useLanguage();
  const { name } = useName();
  const [blur, setBlur] = useState(false);
  const [hidden, setHidden] = useState(false);
  const [pictures, setPictures] = useState(false);
  const [why, setWhy] = useState("");
  const { asset_id, fiscal_year, version } = inspection;
  const { data, error } = useQuery(publicationQuery(asset_id, fiscal_year, { blur, show_damage: !hidden, pictures }));
  const body = { asset_id, fiscal_year, expected_version: version, why: why.trim(), by: name.trim() };
  const decide = useDecision(async (what: "publish" | "withdraw") =>
    told(
      what === "publish"
        ? await api.POST("/api/publications", { body: { ...body, blur, show_damage: !hidden, pictures } })
        : await api.POST("/api/publications/withdrawals", { body }),
      "PublicationOut",
    ),
  );
  const isWhole = why.trim() !== "" && name.trim() !== "";
  const isPublic = data?.is_public ?? false;
  return (
    <section className="card" aria-label={say("publication")}>
      <h2>{say("publication")}</h2>
      <p className="soft">{say("publishHint")}</p>
      <Trouble error={error} />
      {!isPublic && (
        <div className="checks">
          <label className="check">
            <input type="checkbox" checked={blur} onChange={(event) => setBlur(event.target.checked)} />
            {say("blurPlace")}
          </label>
          <label className="check">
            <input type="checkbox" checked={hidden} onChange={(event) => setHidden(event.target.checked)} />
            {say("hideDamage")}
          </label>
          <label className="check">
            <input type="checkbox" checked={pictures} onChange={(event) => setPictures(event.target.checked)} />
            {say("withPictures")}
          </label>
        </div>
      )}
      {data && (
        <>
          {data.stopped && !isPublic && (
            <p className="trouble" role="alert">
              {say("gateStopped")}: {data.stopped[language]}
            </p>
          )}
          {data.applied.length > 0 && !isPublic && (
            <>
              <h3>{say("gateApplied")}</h3>
              <ul className="applied">
                {data.applied.map((word) => (
                  <li key={word.en} data-code={word.code}>
                    {word[language]}
                  </li>
                ))}
              </ul>
            </>
          )}
          <div className="scroll" tabIndex={0} role="region" aria-label={say("publication")}>
            <table className="columns">
              <thead>
                <tr>
                  <th scope="col">{say("column")}</th>
                  <th scope="col">{say(isPublic ? "publicNow" : "wouldBePublic")}</th>
                </tr>
              </thead>
              <tbody>
                {data.columns
                  .filter((column) => (isPublic ? column.public : column.would_be))
                  .map((column) => (
                    <tr key={column.name} data-column={column.name}>
                      <td>{column[language]}</td>
                      <td>{isPublic ? column.public : column.would_be}</td>
                    </tr>
                  ))}
                <tr>
                  <td>{say("damagesPublic")}</td>
                  <td>{isPublic ? data.damages_public : data.damages_would_be}</td>
                </tr>
              </tbody>
            </table>
          </div>
        </>
      )}
      {(may.publish || may.withdraw) && (
        <form className="decide" onSubmit={(event) => event.preventDefault()}>
          <Reason why={why} onWhy={setWhy} />
          <Trouble error={decide.error} />
          <p className="buttons">
            {may.publish && (
              <button type="button" className="primary" disabled={!isWhole || decide.isPending || data === undefined || data.stopped !== null} onClick={() => decide.mutate("publish")}>
                {say("publishIt")}
              </button>
            )}
            {may.withdraw && (
              <button type="button" className="reject" disabled={!isWhole || decide.isPending} onClick={() => decide.mutate("withdraw")}>
                {say("withdrawIt")}
              </button>
            )}
          </p>
        </form>
      )}
    </section>
  );
}
