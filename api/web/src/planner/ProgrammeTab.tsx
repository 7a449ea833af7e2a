import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, told } from "../client";
import { useLanguage } from "../i18n/language";
import { programmeQuery, programmesQuery, sessionQuery } from "../queries";
import { Trouble } from "../Trouble";
import { KeepForm } from "./KeepForm";
import { ProgrammeView } from "./ProgrammeView";
import { TermsForm } from "./TermsForm";
import { fiscalYear, type Terms, type TermsDraft, termsOf } from "./terms";
import type { Weights } from "./weights";

/** Draw up programmes under yearly money, compare them with those that are kept, keep them. */
export function ProgrammeTab({ weights }: { weights: Weights | null }) {
  const { language, say } = useLanguage();
  const queries = useQueryClient();
  const { data: session } = useQuery(sessionQuery);
  const { data: listed, error } = useQuery(programmesQuery);
  const [typed, setTyped] = useState<TermsDraft>({
    firstYear: String(fiscalYear(new Date()) + 1),
    years: "5",
    budgets: "100",
    priceList: "",
    compareWith: "",
  });
  const [opened, setOpened] = useState<string | null>(null);
  const kept = useQuery({ ...programmeQuery(opened ?? ""), enabled: opened !== null });
  const drawing = useMutation({
    mutationFn: async (terms: Terms) =>
      told(await api.POST("/api/programmes/drafts", { body: terms }), "ProgrammeOut"),
    onMutate: () => setOpened(null),
  });
  const keeping = useMutation({
    mutationFn: async ({ name, replace }: { name: string; replace: boolean }) =>
      told(
        await api.PUT("/api/programmes/{name}", {
          params: { path: { name }, query: { replace } },
          body: drawing.variables as Terms,
        }),
        "ProgrammeOut",
      ),
    onSuccess: async ({ name }) => {
      await queries.invalidateQueries({ queryKey: programmesQuery.queryKey });
      await queries.invalidateQueries({ queryKey: programmeQuery(name).queryKey });
      setOpened(name);
    },
  });
  if (listed === undefined) return error ? <Trouble error={error} /> : <p className="empty">{say("loading")}</p>;
  const draft = { ...typed, priceList: typed.priceList || (listed.price_lists[0] ?? "") };
  const terms = termsOf(draft, weights);
  const mayPlan = session?.rights.includes("plan") ?? false;
  const shown = opened === null ? drawing.data : kept.data;
  return (
    <div className="desk two">
      <section className="list controls">
        <TermsForm
          draft={draft}
          priceLists={listed.price_lists}
          programmes={listed.programmes.map((programme) => programme.name)}
          weights={weights}
          ready={mayPlan && terms !== null && !drawing.isPending}
          onDraft={setTyped}
          onDraw={() => {
            keeping.reset();
            if (terms !== null) drawing.mutate(terms);
          }}
        />
        {!mayPlan && <p className="hint">{say("mayNotPlan")}</p>}
        {drawing.isPending && (
          <p className="working" role="status">
            {say("drawingUp")} <progress />
          </p>
        )}
        <Trouble error={drawing.error} />
        <h2>{say("keptProgrammes")}</h2>
        {listed.programmes.length === 0 && <p className="empty">{say("noProgrammes")}</p>}
        <ul className="kept">
          {listed.programmes.map((programme) => (
            <li key={programme.name}>
              <button
                type="button"
                className="link"
                aria-current={opened === programme.name}
                onClick={() => setOpened(programme.name)}
              >
                {programme.name}
              </button>
              <span className="exports">
                {(["xlsx", "csv"] as const).map((format) => (
                  <a
                    key={format}
                    href={`/api/programmes/${encodeURIComponent(programme.name)}/file.${format}?lang=${language}`}
                    download={`${programme.name}.${format}`}
                  >
                    {format.toUpperCase()}
                  </a>
                ))}
              </span>
            </li>
          ))}
        </ul>
      </section>
      <section className="panel programme" aria-live="polite">
        <Trouble error={kept.error} />
        {shown === undefined && <p className="empty">{say("programmeEmpty")}</p>}
        {shown !== undefined && opened === null && (
          <KeepForm
            names={listed.programmes.map((programme) => programme.name)}
            busy={keeping.isPending}
            onKeep={(name, replace) => keeping.mutate({ name, replace })}
          />
        )}
        <Trouble error={keeping.error} />
        {shown !== undefined && <ProgrammeView programme={shown} isDraft={opened === null} />}
      </section>
    </div>
  );
}
