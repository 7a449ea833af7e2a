import { api, type Schemas, told } from "../client";

export interface Plan {
  assetId: string;
  assetName: string;
  /** The service knows an asset of this identifier. */
  isKnown: boolean;
  surface: Schemas["Surface"];
  gsdMmPerPx: number | null;
}

const KNOWN = 409;

/**
 * Make the asset unless there is one with its identifier, and the survey; give the survey's
 * identifier. What is known about an asset already stays as it is.
 */
export async function createSurvey(plan: Plan): Promise<string> {
  if (!plan.isKnown) {
    const asset = await api.POST("/api/assets", {
      body: { asset_id: plan.assetId, name: plan.assetName || plan.assetId } as Schemas["AssetIn"],
    });
    if (asset.response.status !== KNOWN) told(asset, "AssetOut");
  }
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

export async function stopProcessing(jobId: string): Promise<void> {
  told(await api.POST("/api/jobs/{job_id}/cancel", { params: { path: { job_id: jobId } } }), "JobOut");
}
