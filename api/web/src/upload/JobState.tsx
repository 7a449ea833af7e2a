import type { Schemas } from "../client";
import { useLanguage } from "../i18n/language";

/** Say how far the work on a survey has come, or why it ended. */
export function JobState({ survey }: { survey: Schemas["SurveyOut"] }) {
  const { say } = useLanguage();
  const job = survey.job;
  if (!job) return null;
  if (job.error && job.state !== "done") {
    return (
      <p className="trouble" role="alert">
        {say("failed")}: {job.error}
      </p>
    );
  }
  if (!job.active) return null;
  const progress = job.progress;
  return (
    <p className="working" role="status">
      {progress === null ? say("waiting") : `${say("working")}: ${progress.step}`}
      {progress !== null && progress.total > 0 && (
        <progress value={progress.done} max={progress.total} />
      )}
    </p>
  );
}
