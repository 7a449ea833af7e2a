import { useLanguage } from "../i18n/language";
import { fileAddress, FORMS, type Inspection, type RecordShown } from "./inspection";

/** Offer the official record of what is approved as files. */
export function Files({ inspection, record }: { inspection: Inspection; record: RecordShown }) {
  const { language, say } = useLanguage();
  const several = record.surveys.length > 1;
  return (
    <section className="card" aria-label={say("recordFiles")}>
      <h2>{say("recordFiles")}</h2>
      <p className="soft">{say("recordFilesHint")}</p>
      <ul className="files">
        {FORMS.filter((form) => form !== "dxf").map((form) => (
          <li key={form}>
            <a className="button" href={fileAddress(inspection, form, language)} download data-form={form}>
              {say(`form_${form}`)}
            </a>
          </li>
        ))}
        {record.surveys.map((survey) => (
          <li key={survey.survey_id}>
            <a className="button" href={fileAddress(inspection, "dxf", language, survey.survey_id)} download data-form="dxf">
              {say("form_dxf")}
              {several && ` ${survey.date} ${survey.surface}`}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
