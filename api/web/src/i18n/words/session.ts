/** Words of signing in. */
export const session = {
  signIn: { ja: "ログイン", en: "Sign in" },
  signOut: { ja: "ログアウト", en: "Sign out" },
  signInByIssuer: { ja: "組織のアカウントでログイン", en: "Sign in with your organisation" },
  accountName: { ja: "アカウント名", en: "Account" },
  password: { ja: "パスワード", en: "Password" },
  mayNotDecide: {
    ja: "判断できるのは点検技術者だけです。",
    en: "Only an engineer can decide.",
  },
} as const;
