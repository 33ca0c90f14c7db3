import { useCallback, useEffect, useRef, useState } from "react";
import { useSearchParams } from "react-router";
import { LEVELS, type Wanted } from "./matching";

const PAUSE = 150; // milliseconds without a key

export interface LogView extends Wanted {
  /** What stands in the field; what is searched for follows it. */
  typed: string;
  setTyped: (text: string) => void;
  line: number;
  tried: number | null;
  /** Into the address, as a place of its own to go back to or instead of this one. */
  change: (values: Record<string, string | null>, replace?: boolean) => void;
}

/** What is looked for in a log, as the address has it. */
export function useLogView(): LogView {
  const [params, setParams] = useSearchParams();
  const found = params.get("q") ?? "";
  const level = params.get("level") ?? "";
  const [typed, setTyped] = useState(found);
  const written = useRef(found);
  const change = useCallback(
    (values: Record<string, string | null>, replace = false) =>
      setParams(
        (now) => {
          for (const [name, value] of Object.entries(values)) {
            if (value === null) now.delete(name);
            else now.set(name, value);
          }
          return now;
        },
        { replace },
      ),
    [setParams],
  );
  useEffect(() => {
    if (found === written.current) return;
    written.current = found; // somebody went back
    setTyped(found);
  }, [found]);
  useEffect(() => {
    const wanted = typed.trim();
    if (wanted === written.current) return;
    const timer = setTimeout(() => {
      const refines = wanted !== "" && written.current !== "";
      written.current = wanted;
      change({ q: wanted || null }, refines);
    }, PAUSE);
    return () => clearTimeout(timer);
  }, [typed, change]);
  return {
    typed,
    setTyped,
    found,
    level: LEVELS.includes(level) ? level : "debug",
    platform: params.has("airflow"),
    line: Number(params.get("line")) || 0,
    tried: Number(params.get("try")) || null,
    change,
  };
}
