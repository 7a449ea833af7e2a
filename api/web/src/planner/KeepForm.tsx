import { useState } from "react";

import { useLanguage } from "../i18n/language";

interface Props {
  /** Names that are taken. */
  names: readonly string[];
  busy: boolean;
  onKeep: (name: string, replace: boolean) => void;
}

/** Give a draft a name and keep it; a programme is replaced only when somebody says so. */
export function KeepForm({ names, busy, onKeep }: Props) {
  const { say } = useLanguage();
  const [name, setName] = useState("");
  const [replace, setReplace] = useState(false);
  const taken = names.includes(name.trim());
  return (
    <form
      className="keep"
      onSubmit={(event) => {
        event.preventDefault();
        onKeep(name.trim(), taken && replace);
      }}
    >
      <label>
        {say("programmeName")}
        <input value={name} maxLength={100} onChange={(event) => setName(event.target.value)} />
      </label>
      {taken && (
        <label className="check">
          <input type="checkbox" checked={replace} onChange={(event) => setReplace(event.target.checked)} />
          {say("replaceKept")}
        </label>
      )}
      <button type="submit" className="confirm" disabled={busy || name.trim() === "" || (taken && !replace)}>
        {say("keep")}
      </button>
    </form>
  );
}
