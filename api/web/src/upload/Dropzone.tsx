import { useEffect, useRef, useState } from "react";

import { useLanguage } from "../i18n/language";
import { fromDrop, fromInput, kindOf, type Picked } from "./picked";

/** Take a folder or photos that somebody drops or chooses; on a tablet the file picker opens. */
export function Dropzone({ onPicked }: { onPicked: (files: Picked[]) => void }) {
  const { say } = useLanguage();
  const [isOver, setIsOver] = useState(false);
  const [isEmpty, setIsEmpty] = useState(false);
  const folder = useRef<HTMLInputElement>(null);

  // React does not know the attribute by which an input takes folders.
  useEffect(() => folder.current?.setAttribute("webkitdirectory", ""), []);

  const take = (files: Picked[]) => {
    setIsEmpty(!files.some((picked) => kindOf(picked.path) !== "other"));
    onPicked(files);
  };
  const chosen = (input: HTMLInputElement) => {
    take(fromInput(input.files ?? []));
    input.value = ""; // so that the same folder can be chosen again
  };
  return (
    <section
      className={isOver ? "card drop over" : "card drop"}
      aria-label={say("addPhotos")}
      onDragOver={(event) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setIsOver(false);
        void fromDrop(event.dataTransfer.items).then(take);
      }}
    >
      <p className="drop-words">{say("dropHere")}</p>
      <div className="drop-buttons">
        <label className="button primary">
          {say("choosePhotos")}
          <input
            type="file"
            multiple
            accept="image/jpeg,image/png,image/tiff"
            onChange={(event) => chosen(event.currentTarget)}
          />
        </label>
        <label className="button">
          {say("chooseFolder")}
          <input ref={folder} type="file" multiple onChange={(event) => chosen(event.currentTarget)} />
        </label>
      </div>
      <p className="soft">{say("dropHint")}</p>
      {isEmpty && (
        <p className="trouble" role="alert">
          {say("noPhotosInside")}
        </p>
      )}
    </section>
  );
}
