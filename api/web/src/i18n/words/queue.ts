/** Words of long lists: the queue of a survey and what its map leaves out. */
export const queue = {
  generalised: {
    ja: "この縮尺では大きい損傷のみ表示しています。拡大するとすべて表示します。",
    en: "Only the largest defects are drawn at this scale; zoom in to see them all.",
  },
  showRank: { ja: "全損傷の中での順位を求める", en: "Rank among all defects" },
} as const;
