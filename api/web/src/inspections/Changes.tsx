import { useLanguage } from "../i18n/language";
import { type Content, isAgain, isField } from "./inspection";

/** Show what is another now than when the inspection was decided on last. */
export function Changes({ content }: { content: Content }) {
  const { language, say } = useLanguage();
  const since = content.compared_with;
  const name = (field: string) => (isField(field) ? say(`field_${field}`) : field);
  const value = (field: string, text: string) =>
    field === "grade_again" && isAgain(text) ? say(`again_${text}`) : text;
  return (
    <section className="card" aria-label={say("changesTitle")}>
      <h2>{say("changesTitle")}</h2>
      {since === null ? (
        <p className="soft">{say("changesFirst")}</p>
      ) : (
        <p className="soft">
          {say(`action_${since.action}`)} · {since.by} · {new Date(since.at).toLocaleString(language)}
        </p>
      )}
      {since !== null && content.changes.length === 0 && <p>{say("changesNone")}</p>}
      {content.changes.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label={say("changesTitle")}>
          <table className="changes">
            <thead>
              <tr>
                <th scope="col">{say("changeWhat")}</th>
                <th scope="col">{say("changeBefore")}</th>
                <th scope="col">{say("changeAfter")}</th>
              </tr>
            </thead>
            <tbody>
              {content.changes.map((change) => (
                <tr key={`${change.part} ${change.subject} ${change.field}`} data-part={change.part}>
                  <td>
                    {say(`part_${change.part}`)} <small>{[change.subject, change.field && name(change.field)].filter(Boolean).join(" · ")}</small>
                  </td>
                  <td>{value(change.field, change.before) || <span className="soft">{say("changeAbsent")}</span>}</td>
                  <td>{change.after ? <ins>{value(change.field, change.after)}</ins> : <span className="soft">{say("changeAbsent")}</span>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {content.change_count > content.changes.length && (
        <p className="soft">
          {say("changesMore")}: {content.change_count}
        </p>
      )}
    </section>
  );
}
