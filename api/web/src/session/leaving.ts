type Listener = () => void;

const listeners = new Set<Listener>();
let person: string | null = null;

/** Have something ended when whoever is signed in leaves, or somebody else sits down in their place. */
export function whenLeaving(listener: Listener): void {
  listeners.add(listener);
}

/** Say that whoever was signed in has left. */
export function leave(): void {
  person = null;
  for (const listener of listeners) listener();
}

/** Say who is signed in; null while nobody is, as when a session has ended by itself. */
export function comeBack(accountId: string | null): void {
  if (accountId === null) return;
  if (person !== null && person !== accountId) leave();
  person = accountId;
}
