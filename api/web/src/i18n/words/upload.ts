/** Words of surveys and their upload. */
export const upload = {
  noSurveys: {
    ja: "調査はまだありません。下のフォームから写真を登録してください。",
    en: "There is no survey yet. Add one with its photos below.",
  },
  newSurvey: { ja: "新しい調査", en: "New survey" },
  surface: { ja: "撮影面", en: "Surface" },
  surfaceNadir: { ja: "鉛直（GPS あり）", en: "Nadir, photos with GPS" },
  surfaceStrip: { ja: "帯状（GPS なし）", en: "Strip, photos without GPS" },
  gsd: { ja: "画素分解能 mm/px", en: "Pixel size, mm" },
  choosePhotos: { ja: "写真を選ぶ", en: "Choose photos" },
  start: { ja: "登録して処理を開始", en: "Upload and process" },
  uploading: { ja: "アップロード中", en: "Uploading" },
  setAside: { ja: "使用しない写真", en: "Set aside" },
} as const;
