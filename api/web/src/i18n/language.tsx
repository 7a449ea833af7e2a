import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";

import { type Language, type Word, words } from "./words";

interface Speech {
  language: Language;
  setLanguage: (language: Language) => void;
  /** Say a word in the chosen language. */
  say: (word: Word) => string;
}

const LanguageContext = createContext<Speech | null>(null);
const KEY = "tenken.language";

/** Choose Japanese or English: what was chosen before, else what the browser prefers. */
export function firstLanguage(stored: string | null, preferred: string): Language {
  if (stored === "ja" || stored === "en") return stored;
  return preferred.toLowerCase().startsWith("ja") ? "ja" : "en";
}

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(() =>
    firstLanguage(localStorage.getItem(KEY), navigator.language),
  );
  useEffect(() => {
    document.documentElement.lang = language;
    localStorage.setItem(KEY, language);
  }, [language]);
  const speech = useMemo(
    () => ({ language, setLanguage, say: (word: Word) => words[word][language] }),
    [language],
  );
  return <LanguageContext value={speech}>{children}</LanguageContext>;
}

export function useLanguage(): Speech {
  const speech = useContext(LanguageContext);
  if (speech === null) throw new Error("useLanguage needs a LanguageProvider above it");
  return speech;
}
