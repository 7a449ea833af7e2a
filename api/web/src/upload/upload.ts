import { api, Problem, type Schemas, told } from "../client";

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
    const response = await fetch(`/api/surveys/${surveyId}/photos`, { method: "POST", body: form });
    const body: unknown = await response.json();
    if (!response.ok) {
      const { detail } = body as Schemas["ProblemKind"] & { detail?: string };
      throw new Problem(response.status, detail ?? `HTTP ${response.status}`);
    }
    onSent(at + batch.length, (body as Schemas["UploadAnswer"]).files);
  }
}

/** Make the asset (or find it) and the survey, and give the survey's identifier. */
export async function createSurvey(plan: Plan): Promise<string> {
  const asset = await api.PUT("/api/assets/{asset_id}", {
    params: { path: { asset_id: plan.assetId } },
    body: { asset_id: plan.assetId, name: plan.assetName || plan.assetId } as Schemas["AssetIn"],
  });
  told(asset, "AssetOut");
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
