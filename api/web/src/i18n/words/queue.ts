/** Words of long lists: the queue of a survey and what its map leaves out. */
export const queue = {
  generalised: {
    ja: "この縮尺では大きい損傷のみ表示しています。拡大するとすべて表示します。",
    en: "Only the largest defects are drawn at this scale; zoom in to see them all.",
  },
  gradeWorst: { ja: "損傷程度（最悪）", en: "Grade (at worst)" },
  gradeShort: { ja: "程度", en: "grade" },
  ungraded: { ja: "評価なし", en: "ungraded" },
  showRank: { ja: "全損傷の中での順位を求める", en: "Rank among all defects" },
} as const;
