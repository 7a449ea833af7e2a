import { useQuery } from "@tanstack/react-query";

import { useLanguage } from "../i18n/language";
import { classesQuery } from "../queries";

/** Give what names a class of damage in the language of the reader. */
export function useClassName(): (code: string) => string {
  const { language } = useLanguage();
  const { data } = useQuery(classesQuery);
  return (code) => data?.damage_classes.find((one) => one.code === code)?.[language] ?? code;
}
