import { useLanguage } from "../i18n/language";
import { useName } from "./useDecision";

const WHY_MOST = 2000;

interface Props {
  why: string;
  onWhy: (why: string) => void;
}

/** Ask why, and, where nobody signs in, who. */
export function Reason({ why, onWhy }: Props) {
  const { say } = useLanguage();
  const { isTyped, name, setName } = useName();
  return (
    <>
      {isTyped && (
        <label>
          {say("yourName")}
          <input value={name} maxLength={200} onChange={(event) => setName(event.target.value)} />
        </label>
      )}
      <label>
        {say("whyKept")}
        <textarea value={why} maxLength={WHY_MOST} onChange={(event) => onWhy(event.target.value)} />
      </label>
    </>
  );
}
