import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { useLanguage } from "../../i18n/language";
import { Picture } from "../../Picture";
import { may, useSession } from "../../session/session";
import { Trouble } from "../../Trouble";
import { Aspect } from "./Aspect";
import { cropAddress, outlinePath, placeIn } from "./overlay";
import { PhotoViewer } from "./PhotoViewer";
import { useShared } from "./pointing";
import { profileQuery, type Seen, type Sighting, sightingsQuery } from "./queries";
import { WidthProfile } from "./WidthProfile";

const SMALL_PX = 640;
const LARGE_PX = 960;
const IN_PANEL = 3;

/** Show the photos that see a defect side by side, its outline in each; the best one comes first. */
export function Photos({ seen, isCrack }: { seen: Seen; isCrack: boolean }) {
  const { say } = useLanguage();
  const { data, error } = useQuery(sightingsQuery(seen));
  const [opened, setOpened] = useState<number | null>(null);
  const [beside, setBeside] = useState(false);
  const photos = data?.photos ?? [];
  return (
    <section className="evidence" aria-label={say("evidencePhotos")}>
      <h3>
        {say("evidencePhotos")} {data && `(${data.number_matched})`}
      </h3>
      <Trouble error={error} />
      {data?.why_none && <p className="hint">{say(`noPhotos_${data.why_none}`)}</p>}
      <Figures seen={seen} photos={photos.slice(0, IN_PANEL)} isCrack={isCrack} size={SMALL_PX} onOpen={setOpened} />
      {photos.length > 0 && (
        <button type="button" onClick={() => setBeside(true)}>
          {say("sideBySide")}…
        </button>
      )}
      {beside && (
        <SideBySide
          seen={seen}
          photos={photos}
          of={data?.number_matched ?? 0}
          isCrack={isCrack}
          onOpen={setOpened}
          onClose={() => setBeside(false)}
        />
      )}
      {opened !== null && (
        <PhotoViewer photos={photos} at={opened} onMove={setOpened} onClose={() => setOpened(null)} />
      )}
    </section>
  );
}

interface SideBySideProps {
  seen: Seen;
  photos: readonly Sighting[];
  of: number;
  isCrack: boolean;
  onOpen: (at: number) => void;
  onClose: () => void;
}

function SideBySide({ seen, photos, of, isCrack, onOpen, onClose }: SideBySideProps) {
  const { say } = useLanguage();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} className="wide" aria-label={say("evidencePhotos")} onClose={onClose}>
      <div className="title">
        <h2>{say("evidencePhotos")}</h2>
        <span className="soft">
          {say("notAllPhotos")}: {photos.length} / {of}
        </span>
        <span className="grow" />
        <button type="button" onClick={() => dialog.current?.close()}>
          {say("close")}
        </button>
      </div>
      {isCrack && <WidthProfile seen={seen} width={960} height={210} />}
      <Figures seen={seen} photos={photos} isCrack={isCrack} size={LARGE_PX} onOpen={onOpen} />
    </dialog>
  );
}

interface FiguresProps {
  seen: Seen;
  photos: readonly Sighting[];
  isCrack: boolean;
  size: number;
  onOpen: (at: number) => void;
}

function Figures({ seen, photos, isCrack, size, onOpen }: FiguresProps) {
  const { data: profile } = useQuery({ ...profileQuery(seen), enabled: isCrack });
  const read = new Map(profile?.photos.map((photo, i) => [photo.sha256, i]));
  return (
    <ul className="figures-seen">
      {photos.map((sighting, i) => (
        <li key={sighting.sha256}>
          <Figure
            sighting={sighting}
            isBest={i === 0}
            readRank={read.get(sighting.sha256)}
            size={size}
            onOpen={() => onOpen(i)}
          />
        </li>
      ))}
    </ul>
  );
}

interface FigureProps {
  sighting: Sighting;
  isBest: boolean;
  /** Place among the photos in which widths were read, most places first; undefined for none. */
  readRank: number | undefined;
  size: number;
  onOpen: () => void;
}

function Figure({ sighting, isBest, readRank, size, onOpen }: FigureProps) {
  const { say } = useLanguage();
  const [x0, y0, x1, y1] = sighting.window_px;
  const mayOriginals = may(useSession(), "originals");
  const [lacking, setLacking] = useState(false);
  return (
    <figure className="seen-in">
      <button type="button" onClick={onOpen} aria-label={`${say("enlarge")}: ${sighting.name}`}>
        <span className="crop" style={{ aspectRatio: `${x1 - x0} / ${y1 - y0}` }}>
          <Picture src={cropAddress(sighting, size)} alt="" loading="lazy" onGone={() => setLacking(true)} />
          <svg viewBox={`${x0} ${y0} ${x1 - x0} ${y1 - y0}`} aria-hidden="true">
            <path className="halo" d={outlinePath(sighting.outline)} />
            <path className="outline" d={outlinePath(sighting.outline)} />
            <PlaceIn sighting={sighting} radius={Math.max(x1 - x0, y1 - y0) / 40} />
          </svg>
        </span>
      </button>
      <figcaption>
        <b>{sighting.name}</b>
        {isBest && <span className="badge best">{say("bestPhoto")}</span>}
        {readRank !== undefined && (
          <span className="badge read">{say(readRank === 0 ? "mostlyReadHere" : "readHere")}</span>
        )}
        <Aspect sighting={sighting} />
        {lacking && !mayOriginals && <span className="hint">{say("notBlurredYet")}</span>}
        {mayOriginals && (
          <a href={sighting.url} target="_blank" rel="noreferrer">
            {say("original")}
          </a>
        )}
      </figcaption>
    </figure>
  );
}

function PlaceIn({ sighting, radius }: { sighting: Sighting; radius: number }) {
  const { place } = useShared();
  const at = place === null ? null : placeIn(sighting, place.distanceM);
  return at && <circle className="pointed" cx={at[0]} cy={at[1]} r={radius} />;
}
