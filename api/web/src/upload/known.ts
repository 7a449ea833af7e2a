import { api, type Schemas, told } from "../client";

/** What the service says about one file before it is sent. */
export type Fate =
  | { is: "wanted"; address: string | null; offsetBytes: number }
  | { is: "here"; name: string }
  | { is: "rejected"; reason: Schemas["RejectionReason"]; detail: string };

const MOST = 200;

/** Asks the service which files it has, many at a time. */
export class Inquiry {
  private waiting = new Map<string, { resolve: (fate: Fate) => void; reject: (error: unknown) => void }[]>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Questions of the first `gatherMs` go along with each other. */
  constructor(
    private readonly surveyId: string,
    private readonly gatherMs: number,
  ) {}

  /** Ask about one file; the question goes along with others of the same moment. */
  ask(sha256: string): Promise<Fate> {
    return new Promise((resolve, reject) => {
      const others = this.waiting.get(sha256) ?? [];
      this.waiting.set(sha256, [...others, { resolve, reject }]);
      if (this.waiting.size >= MOST) void this.send();
      else this.timer ??= setTimeout(() => void this.send(), this.gatherMs);
    });
  }

  private async send(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const asked = this.waiting;
    this.waiting = new Map();
    try {
      const fates = fatesOf(
        told(
          await api.POST("/api/surveys/{survey_id}/photos/known", {
            params: { path: { survey_id: this.surveyId } },
            body: { sha256s: [...asked.keys()] },
          }),
          "KnownPhotos",
        ),
      );
      for (const [sha256, who] of asked) {
        const fate = fates.get(sha256) ?? { is: "wanted", address: null, offsetBytes: 0 };
        for (const { resolve } of who) resolve(fate);
      }
    } catch (error) {
      for (const { reject } of [...asked.values()].flat()) reject(error);
    }
  }
}

/** Sort an answer by digest; files that it does not name are wanted from their beginning. */
export function fatesOf(known: Schemas["KnownPhotos"]): Map<string, Fate> {
  const fates = new Map<string, Fate>();
  for (const { sha256, name } of known.here) fates.set(sha256, { is: "here", name });
  for (const { sha256, reason, detail } of known.set_aside) {
    if (sha256 !== null) fates.set(sha256, { is: "rejected", reason, detail });
  }
  for (const upload of known.arriving) {
    const address = `/api/surveys/${upload.survey_id}/uploads/${upload.upload_id}`;
    const promised = upload.sha256_promised;
    if (promised !== null) fates.set(promised, { is: "wanted", address, offsetBytes: upload.offset_bytes });
  }
  return fates;
}
