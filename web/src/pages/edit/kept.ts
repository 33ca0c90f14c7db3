import type { Draft } from "./draft";

/** Drafts that were not saved, kept by this browser, so that closing a tab loses nothing. */
export interface Kept {
  draft: Draft;
  etag: string;
  at: string;
}

const key = (workflow: string) => `taxiway.draft.${workflow}`;

export function keep(workflow: string, draft: Draft, etag: string): void {
  try {
    localStorage.setItem(
      key(workflow),
      JSON.stringify({ draft, etag, at: new Date().toISOString() }),
    );
  } catch {
    // the storage is full or off: the page itself still holds the draft
  }
}

export function kept(workflow: string): Kept | null {
  try {
    const text = localStorage.getItem(key(workflow));
    return text ? (JSON.parse(text) as Kept) : null;
  } catch {
    return null;
  }
}

export function forget(workflow: string): void {
  try {
    localStorage.removeItem(key(workflow));
  } catch {
    // nothing was kept, then
  }
}
