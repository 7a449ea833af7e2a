import { api, csrfHeaders, Problem, type Schemas, told } from "../client";

const BATCH = 4;

export interface Plan {
  assetId: string;
  assetName: string;
  surface: Schemas["Surface"];
  gsdMmPerPx: number | null;
}

type Uploaded = Schemas["UploadedFile"];

/** Send photos a few at a time, so that a lost connection loses little; equal photos count once. */
export async function sendPhotos(
  surveyId: string,
  files: readonly File[],
  onSent: (sent: number, answers: readonly Uploaded[]) => void,
): Promise<void> {
  for (let at = 0; at < files.length; at += BATCH) {
    const batch = files.slice(at, at + BATCH);
    const form = new FormData();
    for (const file of batch) form.append("files", file, file.name);
    const response = await fetch(`/api/surveys/${surveyId}/photos`, {
      method: "POST",
      body: form,
      headers: csrfHeaders(),
    });
    if (!response.ok) throw new Problem(response.status, await detailOf(response));
    const answer = (await response.json()) as Schemas["UploadAnswer"];
    onSent(at + batch.length, answer.files);
  }
}

/** Give the words of a problem; a proxy between here and the service may answer without any. */
async function detailOf(response: Response): Promise<string> {
  try {
    const { detail } = (await response.json()) as { detail?: unknown };
    if (typeof detail === "string") return detail;
  } catch {
    // no JSON
  }
  return `HTTP ${response.status}`;
}

const KNOWN = 409;

/**
 * Make the asset unless there is one with its identifier, and the survey; give the survey's
 * identifier. What is known about an asset already stays as it is.
 */
export async function createSurvey(plan: Plan): Promise<string> {
  const asset = await api.POST("/api/assets", {
    body: { asset_id: plan.assetId, name: plan.assetName || plan.assetId } as Schemas["AssetIn"],
  });
  if (asset.response.status !== KNOWN) told(asset, "AssetOut");
  const survey = told(
    await api.POST("/api/surveys", {
      body: {
        asset_id: plan.assetId,
        surface: plan.surface,
        gsd_mm_per_px: plan.gsdMmPerPx,
      },
    }),
    "SurveyOut",
  );
  return survey.survey_id;
}

export async function startProcessing(surveyId: string): Promise<void> {
  told(
    await api.POST("/api/surveys/{survey_id}/process", {
      params: { path: { survey_id: surveyId } },
    }),
    "JobOut",
  );
}
