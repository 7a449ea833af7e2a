import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

const WHOLE_MAX_BYTES = 64 << 20;

/**
 * Give the sha256 of a file, hexadecimal.
 *
 * The browser's own digest is eight times as fast but wants the whole file in memory, and is there
 * only where the connection is secure; a larger file is read piece by piece.
 */
export async function digestOf(file: Blob, wholeMaxBytes = WHOLE_MAX_BYTES): Promise<string> {
  if (file.size <= wholeMaxBytes && globalThis.crypto?.subtle !== undefined) {
    return bytesToHex(new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer())));
  }
  const digest = sha256.create();
  const reader = file.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return bytesToHex(digest.digest());
    digest.update(value);
  }
}

interface Answer {
  id: number;
  sha256?: string;
  error?: string;
}

/** The file is not what it was when it was dropped, or it is gone. */
export class Changed extends Error {}

/** Reads files in a worker, one after the other. */
export class Digester {
  private readonly worker = new Worker(new URL("./digest.worker.ts", import.meta.url), { type: "module" });
  private readonly asked = new Map<number, { resolve: (sha256: string) => void; reject: (error: Error) => void }>();
  private next = 0;

  constructor() {
    this.worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
      const who = this.asked.get(data.id);
      this.asked.delete(data.id);
      if (data.sha256 !== undefined) who?.resolve(data.sha256);
      else who?.reject(new Changed(data.error));
    });
  }

  digest(file: File): Promise<string> {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.asked.set(id, { resolve, reject });
      this.worker.postMessage({ id, file });
    });
  }

  close(): void {
    this.worker.terminate();
    for (const { reject } of this.asked.values()) reject(new DOMException("closed", "AbortError"));
    this.asked.clear();
  }
}
