import { Problem } from "../../client";
import { useLanguage } from "../../i18n/language";
import { type Word, words } from "../../i18n/words";

/** Say what others did to a defect since it was read, when that is what went wrong. */
export function Meanwhile({ error }: { error: Error | null }) {
  const { language, say } = useLanguage();
  if (!(error instanceof Problem) || error.meanwhile.length === 0) return null;
  return (
    <div className="meanwhile">
      <b>{say("meanwhileTitle")}</b>
      <ul>
        {error.meanwhile.map((change) => (
          <li key={`${change.subject} ${change.version}`}>
            <b>{change.who}</b> {didWord(change.what) ? say(didWord(change.what) as Word) : change.what}{" "}
            <small>{new Date(change.when).toLocaleString(language)}</small>
          </li>
        ))}
      </ul>
    </div>
  );
}

export function didWord(what: string): Word | null {
  const word = `did_${what}`;
  return word in words ? (word as Word) : null;
}
