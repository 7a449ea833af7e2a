/// <reference lib="webworker" />
import { digestOf } from "./digest";

// Reads files away from the page, so that the list stays smooth while a thousand photos are read.
addEventListener("message", ({ data }: MessageEvent<{ id: number; file: File }>) => {
  digestOf(data.file).then(
    (sha256) => postMessage({ id: data.id, sha256 }),
    (error: unknown) => postMessage({ id: data.id, error: error instanceof Error ? error.name : String(error) }),
  );
});
