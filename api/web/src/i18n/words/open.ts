/** Words of the public page. */
export const open = {
  openTitle: { ja: "橋と道路の点検の状況", en: "How our bridges and roads are inspected" },
  openIntro: {
    ja: "点検技術者が確認し、公開が承認された結果だけを載せています。毎月の数字は凍結され、あとから変わりません。",
    en: "Only what engineers confirmed and somebody approved for publication. The figures of a month are frozen and do not change later.",
  },
  openEmpty: {
    ja: "公開された月はまだありません。公開は tenken publish で行います。",
    en: "No month is published yet. Publication is done by tenken publish.",
  },
  openMonth: { ja: "対象月", en: "Month" },
  openCycle: { ja: "点検の周期（年度）", en: "Inspection cycle (fiscal years)" },
  openInspected: { ja: "今の周期に点検した割合", en: "Inspected in this cycle" },
  openRepaired: { ja: "早期・緊急の措置が済んだ割合", en: "Early and urgent measures finished" },
  openSoundness: { ja: "健全性の診断", en: "Diagnosed soundness" },
  openTrend: { ja: "月ごとの推移", en: "Month by month" },
  openPlaces: { ja: "市町村別", en: "By municipality" },
  openFiles: { ja: "オープンデータ", en: "Open data" },
  openKind: { ja: "種別", en: "Kind" },
  openUrgent: { ja: "措置が必要", en: "Measure due" },
  kind_bridge: { ja: "橋", en: "Bridges" },
  kind_pavement_section: { ja: "舗装区間", en: "Road sections" },
  kind_other: { ja: "その他の施設", en: "Other structures" },
  level_I: { ja: "I 健全", en: "I sound" },
  level_II: { ja: "II 予防保全段階", en: "II preventive maintenance" },
  level_III: { ja: "III 早期措置段階", en: "III early measure" },
  level_IV: { ja: "IV 緊急措置段階", en: "IV urgent measure" },
} as const;
