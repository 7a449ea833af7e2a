import { type ImgHTMLAttributes, useEffect, useState } from "react";

import { againMs } from "./again";

interface Props extends Omit<ImgHTMLAttributes<HTMLImageElement>, "onError"> {
  src: string;
  alt: string;
  /** Hears that there is no such picture, or that it may not be seen. */
  onGone?: () => void;
}

/** Show a picture, and ask again for one that the service does not have yet: it would stay blank. */
export function Picture(props: Props) {
  return <Asked key={props.src} {...props} />;
}

function Asked({ src, alt, onGone, ...shown }: Props) {
  const [asked, setAsked] = useState(0);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (!failed) return;
    const left = new AbortController();
    void whenAgain(src, asked, left.signal).then((again) => {
      if (left.signal.aborted) return;
      if (!again) return onGone?.();
      setFailed(false);
      setAsked(asked + 1);
    });
    return () => left.abort();
    // who listens may be another function each time: that is no reason to ask
  }, [failed]);
  return <img key={asked} {...shown} src={src} alt={alt} onError={() => setFailed(true)} />;
}

/** How often a picture is asked for again that was there when somebody looked why it did not come. */
const THERE_MOST = 5;

/** Find out why a picture did not come, and wait until it may; false when it will not. */
async function whenAgain(src: string, asked: number, signal: AbortSignal): Promise<boolean> {
  try {
    const answer = await fetch(src, { signal });
    const waitMs = answer.ok && asked < THERE_MOST ? 0 : againMs(answer, asked);
    if (waitMs === null) return false;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    return true;
  } catch {
    return false;
  }
}
