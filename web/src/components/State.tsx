import {
  Ban,
  Check,
  CircleDashed,
  CircleDot,
  Clock,
  Loader2,
  type LucideIcon,
  MinusCircle,
  RotateCcw,
  X,
} from "lucide-react";

export type Tone = "good" | "bad" | "busy" | "wait" | "idle";

interface Look {
  tone: Tone;
  icon: LucideIcon;
  letter: string;
  turning?: boolean;
}

/** The one legend of all views: icon, word and colour, never colour alone. */
const LOOKS: Record<string, Look> = {
  success: { tone: "good", icon: Check, letter: "✓" },
  ready: { tone: "good", icon: Check, letter: "✓" },
  failed: { tone: "bad", icon: X, letter: "✕" },
  upstream_failed: { tone: "bad", icon: MinusCircle, letter: "–" },
  running: { tone: "busy", icon: Loader2, letter: "▸", turning: true },
  preparing: { tone: "busy", icon: Loader2, letter: "▸", turning: true },
  publishing: { tone: "busy", icon: Loader2, letter: "▸", turning: true },
  queued: { tone: "wait", icon: Clock, letter: "…" },
  scheduled: { tone: "wait", icon: Clock, letter: "…" },
  held: { tone: "wait", icon: Ban, letter: "!" },
  up_for_retry: { tone: "wait", icon: RotateCcw, letter: "↻" },
  up_for_reschedule: { tone: "wait", icon: RotateCcw, letter: "↻" },
  canceled: { tone: "idle", icon: Ban, letter: "⊘" },
  skipped: { tone: "idle", icon: MinusCircle, letter: "–" },
  removed: { tone: "idle", icon: Ban, letter: "⊘" },
  pending: { tone: "idle", icon: CircleDashed, letter: "·" },
};

const UNKNOWN: Look = { tone: "idle", icon: CircleDot, letter: "·" };

export function lookOf(state: string | null | undefined): Look {
  return LOOKS[state ?? "pending"] ?? UNKNOWN;
}

export function stateWords(state: string): string {
  return state.replaceAll("_", " ");
}

export function StateIcon({ state, size = 14 }: { state: string; size?: number }) {
  const look = lookOf(state);
  return (
    <look.icon
      size={size}
      strokeWidth={2.6}
      aria-hidden
      className={`tone-${look.tone} ${look.turning ? "turning" : ""}`}
    />
  );
}

export function State({ state, words }: { state: string; words?: string }) {
  return (
    <span className={`state tone-${lookOf(state).tone}`}>
      <StateIcon state={state} />
      {words ?? stateWords(state)}
    </span>
  );
}
