import { useState } from "react";

import { useLanguage } from "./i18n/language";

interface Props {
  title: string;
  secret: string;
  onClose: () => void;
}

/** Show a secret for the only time, until somebody says that they have it. */
export function Secret({ title, secret, onClose }: Props) {
  const { say } = useLanguage();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(secret);
    setCopied(true);
  };
  return (
    <section className="card secret" role="status" aria-label={title}>
      <h3>{title}</h3>
      <code data-secret>{secret}</code>
      <p className="hint">{say("shownOnce")}</p>
      <div className="buttons">
        <button type="button" onClick={() => void copy().catch(() => setCopied(false))}>
          {say(copied ? "copied" : "copy")}
        </button>
        <button type="button" className="primary" onClick={onClose}>
          {say("understood")}
        </button>
      </div>
    </section>
  );
}
