const KEY = "taxiway.name";

/** What this browser's user is called in records: there are no accounts. */
export function callerName(): string {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

export function setCallerName(name: string): void {
  try {
    localStorage.setItem(KEY, name.trim());
  } catch {
    // storage is off: the name holds for nothing
  }
}
