import { useLanguage } from "../i18n/language";

const FORMATS = ["csv", "xlsx", "geojson", "gpkg"] as const;

/** Offer the work list of a survey as files. */
export function ExportLinks({ surveyId }: { surveyId: string }) {
  const { language, say } = useLanguage();
  return (
    <span className="exports">
      {say("exportAs")}:
      {FORMATS.map((format) => (
        <a
          key={format}
          href={`/api/worklist.${format}?survey_id=${surveyId}&lang=${language}`}
          download={`worklist.${format}`}
        >
          {format.toUpperCase()}
        </a>
      ))}
    </span>
  );
}
