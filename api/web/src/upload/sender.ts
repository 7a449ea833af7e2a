import { api, Problem, told } from "../client";
import { whenLeaving } from "../session/leaving";
import { Changed, Digester } from "./digest";
import { type Fate, Inquiry } from "./known";
import { Door, isStopped, persist, stopped } from "./patience";
import { kindOf, type Picked } from "./picked";
import { copiesOf, isOver, type Row, rowFor } from "./rows";
import { discardOlder, end, send, type Sending } from "./tus";

const LINES = 3;
const TELL_MS = 100;
/** A folder is asked about in bulk; before a file is sent, a line waits for the answer. */
const GATHER_MS = 200;
const LAST_GATHER_MS = 10;
const GONE: readonly number[] = [404, 410];
const SIGNED_OUT = 401;
const DAMAGED = 460;
const DAMAGED_MOST = 3;

export interface Snapshot {
  rows: readonly Row[];
  isPaused: boolean;
}

interface Task {
  picked: Picked;
  row: Row;
  address: string | null;
}

/**
 * Sends files of one survey: reads each, asks whether it is wanted, sends a few at a time.
 *
 * Of all tabs of this browser one sends a file at a time; the others wait and then ask anew. Nothing
 * is kept here that matters after the page is closed: the service knows what it has.
 */
export class Sender {
  private tasks: Task[] = [];
  private snapshot: Snapshot = { rows: [], isPaused: false };
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stopping = new AbortController();
  private readonly reading = new Door(1);
  private readonly lines = new Door(LINES);
  private readonly inquiry: Inquiry;
  private readonly lastQuestion: Inquiry;
  private readonly digester = new Digester();
  private readonly owners = new Map<string, Task>();
  private isPaused = false;
  /** Called when the service no longer knows who sends; everything is paused then. */
  onSignedOut: () => void = () => {};

  constructor(private readonly surveyId: string) {
    this.inquiry = new Inquiry(surveyId, GATHER_MS);
    this.lastQuestion = new Inquiry(surveyId, LAST_GATHER_MS);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly state = (): Snapshot => this.snapshot;

  /** Take files on; what is in the list already, unchanged, stays as it is. */
  add(files: readonly Picked[]): void {
    const fresh: Task[] = [];
    const known = new Map<string, Task[]>();
    for (const task of this.tasks) known.set(task.row.path, [...(known.get(task.row.path) ?? []), task]);
    for (const picked of files) {
      const kind = kindOf(picked.path);
      if (kind === "other") continue;
      const here = known.get(picked.path) ?? [];
      const row = rowFor(here.map((task) => task.row), picked.file);
      const before = here.find((task) => task.row === row);
      if (before) {
        if (before.row.phase === "failed" || before.row.phase === "ended") fresh.push(this.anew(before, picked));
        continue;
      }
      const task: Task = { picked, row: rowOf(this.nextId++, picked), address: null };
      this.tasks.push(task);
      known.set(picked.path, [...here, task]);
      if (kind === "foreign") this.set(task, { phase: "foreign" });
      else fresh.push(task);
    }
    this.tell();
    for (const task of fresh) this.begin(task);
  }

  /** Stop what is under way, for now; what has arrived counts. */
  pause(): void {
    this.isPaused = true;
    this.stop();
  }

  /** Go on with everything that is not over. */
  resume(): void {
    this.isPaused = false;
    for (const task of this.tasks) if (!isOver(task.row.phase)) this.begin(task);
    this.tell();
  }

  /** Try again what a person had to look at. */
  retry(): void {
    for (const task of this.tasks) if (task.row.phase === "failed") this.begin(this.anew(task, task.picked));
    this.tell();
  }

  /** End everything that is not over; half-sent files are discarded, photos that arrived stay. */
  async cancel(): Promise<void> {
    this.isPaused = false;
    this.stop();
    const open = this.tasks.filter((task) => !isOver(task.row.phase));
    for (const task of open) this.set(task, { phase: "ended" });
    await Promise.allSettled(open.flatMap((task) => (task.address === null ? [] : [end(task.address)])));
  }

  close(): void {
    this.stop();
    this.digester.close();
    clearTimeout(this.timer);
  }

  private nextId = 0;

  private stop(): void {
    this.stopping.abort();
    this.stopping = new AbortController();
    for (const task of this.tasks) if (!isOver(task.row.phase)) this.set(task, { phase: "waiting" });
    this.tell();
  }

  private anew(task: Task, picked: Picked): Task {
    const { size, lastModified } = picked.file;
    const isOther = task.row.bytes !== size || task.row.modified !== lastModified;
    const sha256 = isOther ? null : task.row.sha256;
    task.picked = picked;
    this.set(task, { phase: "waiting", detail: "", sentBytes: 0, bytes: size, modified: lastModified, sha256 });
    return task;
  }

  private begin(task: Task): void {
    if (this.isPaused) return;
    const { signal } = this.stopping;
    this.deal(task, signal).catch((error: unknown) => {
      if (isStopped(error) || signal.aborted) return;
      if (error instanceof Problem && error.status === SIGNED_OUT) {
        this.pause();
        this.onSignedOut();
        return;
      }
      const isChanged = error instanceof Changed;
      const copies = copiesOf(this.rows(), task.row.sha256);
      this.set(task, { phase: "failed", detail: isChanged ? "changed" : error instanceof Error ? error.message : "" });
      this.sendInstead(copies);
    });
  }

  /** Send files that stood back because another one had the same bytes, and no longer has them. */
  private sendInstead(copies: readonly Row[]): void {
    const ids = new Set(copies.map((row) => row.id));
    for (const task of this.tasks) if (ids.has(task.row.id)) this.begin(this.anew(task, task.picked));
  }

  /** See one file through to its end. */
  private async deal(task: Task, signal: AbortSignal): Promise<void> {
    for (let damaged = 0; ; ) {
      try {
        const sha256 = await this.digest(task, signal);
        if (await this.isCopy(task, sha256)) return;
        this.set(task, { phase: "asking" });
        const fate = await this.patiently(task, () => this.inquiry.ask(sha256), signal);
        if (this.settle(task, fate)) return;
        this.set(task, { phase: "queued" });
        if (await this.sendAlone(task, sha256, signal)) return;
      } catch (error) {
        if (error instanceof Changed) await this.lookAgain(task);
        else if (error instanceof Problem && error.status === DAMAGED && ++damaged < DAMAGED_MOST) task.address = null;
        else throw error;
      }
    }
  }

  private digest(task: Task, signal: AbortSignal): Promise<string> {
    return this.reading.through(async () => {
      if (signal.aborted) throw stopped();
      if (task.row.sha256 !== null) return task.row.sha256;
      this.set(task, { phase: "reading" });
      const sha256 = await this.digester.digest(task.picked.file);
      if (signal.aborted) throw stopped();
      this.set(task, { sha256 });
      return sha256;
    });
  }

  /** Tell a second file of the same bytes from the first one. */
  private async isCopy(task: Task, sha256: string): Promise<boolean> {
    const owner = this.owners.get(sha256);
    const isGivenUp = owner?.row.phase === "failed" || owner?.row.phase === "ended";
    if (owner && owner !== task && !isGivenUp && owner.row.sha256 === sha256 && this.tasks.includes(owner)) {
      this.set(task, { phase: "copy", detail: owner.row.path });
      return true;
    }
    this.owners.set(sha256, task);
    return false;
  }

  /** Send a file unless another tab does; give whether it is over, or has to be asked about anew. */
  private async sendAlone(task: Task, sha256: string, signal: AbortSignal): Promise<boolean> {
    const name = `tenken-${this.surveyId}-${sha256}`;
    const isOurs = await this.lines.through(async () => {
      if (signal.aborted) throw stopped();
      return await locked(name, async () => {
        // Another tab may have sent it since we asked.
        const fate = await this.patiently(task, () => this.lastQuestion.ask(sha256), signal);
        if (!this.settle(task, fate)) await this.sendNow(task, sha256, fate, signal);
      });
    });
    if (isOurs) return true;
    this.set(task, { phase: "elsewhere" });
    await navigator.locks.request(name, { signal }, () => {});
    return false;
  }

  private async sendNow(task: Task, sha256: string, fate: Fate, signal: AbortSignal): Promise<void> {
    task.address = fate.is === "wanted" ? fate.address : null;
    const sending = (): Sending => ({
      surveyId: this.surveyId,
      path: task.row.path,
      sha256,
      file: task.picked.file,
      others: this.underWay(task),
      address: task.address,
      onBegun: (address) => {
        task.address = address;
      },
      onProgress: (sentBytes) => this.set(task, { phase: "sending", sentBytes }),
      signal,
    });
    await this.patiently(task, () => discardOlder(sending()), signal);
    this.set(task, { phase: "sending" });
    let attempts = 0;
    const address = await this.patiently(task, () => this.sendOnce(task, sending, attempts++), signal);
    const upload = await this.patiently(task, () => outcome(this.surveyId, address), signal);
    task.address = null;
    if (upload.state === "rejected") {
      if (upload.reason === null) throw new Problem(DAMAGED, upload.detail); // not the bytes that we read
      this.set(task, { phase: "rejected", reason: upload.reason, detail: upload.detail });
    } else {
      this.set(task, { phase: upload.state === "already_here" ? "here" : "arrived", detail: "" });
    }
  }

  private async sendOnce(task: Task, sending: () => Sending, attempts: number): Promise<string> {
    if (attempts > 0 && task.address === null) {
      // The upload may have begun although nobody could tell us so: it is not begun twice.
      const fate = await this.lastQuestion.ask(sending().sha256);
      task.address = fate.is === "wanted" ? fate.address : null;
    }
    try {
      return await send(sending());
    } catch (error) {
      if (!(error instanceof Problem && GONE.includes(error.status) && task.address !== null)) throw error;
      task.address = null; // it expired, or another tab ended it
      return await send(sending());
    }
  }

  /** Name the bytes of the other files that are under way: two cards have the same names. */
  private underWay(task: Task): ReadonlySet<string> {
    const others = this.rows().filter((row) => row.id !== task.row.id && row.sha256 !== null && !isOver(row.phase));
    return new Set(others.map((row) => row.sha256 as string));
  }

  /** Do something until it works, and say so while it does not. */
  private async patiently<Given>(task: Task, attempt: () => Promise<Given>, signal: AbortSignal): Promise<Given> {
    const given = await persist(attempt, signal, async (error) => {
      await checkReadable(task.picked.file);
      if (signal.aborted) throw stopped();
      this.set(task, { phase: "retrying", detail: error instanceof Problem ? error.message : "" });
    });
    if (signal.aborted) throw stopped();
    return given;
  }

  /** Say what the service knows about a file; false when it wants it. */
  private settle(task: Task, fate: Fate): boolean {
    if (fate.is === "here") this.set(task, { phase: "here", detail: fate.name });
    if (fate.is === "rejected") this.set(task, { phase: "rejected", reason: fate.reason, detail: fate.detail });
    return fate.is !== "wanted";
  }

  /** Take a file as it is now on the disk. */
  private async lookAgain(task: Task): Promise<void> {
    if (task.picked.again === null) throw new Changed();
    const file = await task.picked.again().catch(() => {
      throw new Changed();
    });
    await checkReadable(file);
    task.picked = { ...task.picked, file };
    task.address = null; // what was half sent is discarded when the new bytes are sent
    const copies = copiesOf(this.rows(), task.row.sha256);
    this.set(task, { sha256: null, bytes: file.size, modified: file.lastModified, sentBytes: 0 });
    this.sendInstead(copies);
  }

  private set(task: Task, change: Partial<Row>): void {
    task.row = { ...task.row, ...change };
    this.timer ??= setTimeout(() => this.tell(), TELL_MS);
  }

  private rows(): Row[] {
    return this.tasks.map((task) => task.row);
  }

  private tell(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.snapshot = { rows: this.rows(), isPaused: this.isPaused };
    for (const listener of this.listeners) listener();
  }
}

function rowOf(id: number, { path, file }: Picked): Row {
  return {
    id,
    path,
    bytes: file.size,
    modified: file.lastModified,
    phase: "waiting",
    sentBytes: 0,
    sha256: null,
    reason: null,
    detail: "",
  };
}

const senders = new Map<string, Sender>();

/** Give the sender of a survey: it goes on while somebody looks at another page. */
export function senderOf(surveyId: string): Sender {
  const known = senders.get(surveyId) ?? new Sender(surveyId);
  if (senders.size === 0) addEventListener("beforeunload", warn);
  senders.set(surveyId, known);
  return known;
}

/** End every sender: nothing is sent any more in the name of somebody who has left. */
function closeAll(): void {
  for (const sender of senders.values()) sender.close();
  senders.clear();
  removeEventListener("beforeunload", warn);
}
whenLeaving(closeAll);

/** Ask before a page is closed that still has something to send. */
function warn(event: BeforeUnloadEvent): void {
  const isBusy = [...senders.values()].some((sender) => sender.state().rows.some((row) => !isOver(row.phase)));
  if (isBusy) event.preventDefault();
}

async function outcome(surveyId: string, address: string) {
  const uploadId = address.slice(address.lastIndexOf("/") + 1);
  return told(
    await api.GET("/api/surveys/{survey_id}/uploads/{upload_id}", {
      params: { path: { survey_id: surveyId, upload_id: uploadId } },
    }),
    "UploadOut",
  );
}

/** Work while no other tab has the lock; false, without working, when one has it. */
async function locked(name: string, work: () => Promise<void>): Promise<boolean> {
  if (!("locks" in navigator)) {
    await work(); // the connection is not secure; the service sees to it that nothing is kept twice
    return true;
  }
  return await navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
    if (lock !== null) await work();
    return lock !== null;
  });
}

/** A file that has changed on the disk cannot be read any more: that looks like a broken line. */
async function checkReadable(file: File): Promise<void> {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Changed();
  }
}
