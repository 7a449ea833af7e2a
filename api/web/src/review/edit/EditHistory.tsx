import { useMutation, useQuery } from "@tanstack/react-query";

import { go } from "../../address";
import { api, type DefectDetail, type Schemas, told } from "../../client";
import { useLanguage } from "../../i18n/language";
import { may, useSession } from "../../session/session";
import { Trouble } from "../../Trouble";
import type { Review } from "../useReview";
import { Meanwhile, didWord } from "./Meanwhile";
import { nextShown } from "./plan";
import { takeBack } from "./requests";

interface Props {
  defect: DefectDetail;
  review: Review;
}

/** Tell who edited a defect, what stands in its place now, and let an edit be taken back. */
export function EditHistory({ defect, review }: Props) {
  const { say } = useLanguage();
  const { data, error } = useQuery({
    queryKey: ["edits", defect.defect_id, defect.version],
    queryFn: async ({ signal }) =>
      told(
        await api.GET("/api/defects/{defect_id}/edits", { signal, params: { path: { defect_id: defect.defect_id } } }),
        "Links",
      ),
  });
  if (error) return <Trouble error={error} />;
  if (!data || data.edits.length === 0) return null;
  const show = (id: string) => go({ name: "review", surveyId: defect.survey_id, defectId: id }, { replace: true });
  return (
    <section className="edit-history" aria-label={say("edits")}>
      {data.state === "superseded" && (
        <p className="buttons">
          {data.superseded_by.length === 0 ? say("withdrawn") : say("nowInstead")}{" "}
          {data.superseded_by.map((id, place) => (
            <button key={id} type="button" onClick={() => show(id)}>
              {say("editPart")} {place + 1}
            </button>
          ))}
        </p>
      )}
      <h3>{say("edits")}</h3>
      <ol className="history">
        {data.edits.map((edit, place) => (
          <li key={edit.edit_id}>
            <Line edit={edit} />
            {place === data.edits.length - 1 && <Undo edit={edit} review={review} onBack={show} />}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Line({ edit }: { edit: Schemas["EditOut"] }) {
  const { language, say } = useLanguage();
  const word = didWord(edit.kind);
  return (
    <>
      <b>{edit.editor}</b> {word ? say(word) : edit.kind}
      {edit.note && ` · ${edit.note}`}
      {edit.undone_by && ` · ${say("takenBack")}`}
      <small>{new Date(edit.edited_at).toLocaleString(language)}</small>
    </>
  );
}

interface UndoProps {
  edit: Schemas["EditOut"];
  review: Review;
  onBack: (defectId: string) => void;
}

function Undo({ edit, review, onBack }: UndoProps) {
  const { say } = useLanguage();
  const mayDecide = may(useSession(), "decide");
  const undoing = useMutation({
    mutationFn: () => takeBack(edit.edit_id, review.reviewer),
    onSuccess: ({ edit: done }) => {
      const shownId = nextShown(done);
      if (shownId) onBack(shownId);
    },
    onSettled: () => review.refresh(),
  });
  if (edit.undone_by || !mayDecide) return null;
  return (
    <>
      <button type="button" disabled={review.reviewer === "" || undoing.isPending} onClick={() => undoing.mutate()}>
        {say("takeBack")}
      </button>
      <Trouble error={undoing.error} />
      <Meanwhile error={undoing.error} />
    </>
  );
}
