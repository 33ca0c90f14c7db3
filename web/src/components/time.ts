const STEPS: [number, Intl.RelativeTimeFormatUnit][] = [
  [60, "second"],
  [3600, "minute"],
  [86_400, "hour"],
  [604_800, "day"],
  [2_629_800, "week"],
  [31_557_600, "month"],
];
const UNIT: Record<string, number> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  week: 604_800,
  month: 2_629_800,
  year: 31_557_600,
};
const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export function ago(moment: string | Date, now = Date.now()): string {
  const seconds = (new Date(moment).getTime() - now) / 1000;
  if (Math.abs(seconds) < 5) return "now";
  const unit = STEPS.find(([limit]) => Math.abs(seconds) < limit)?.[1] ?? "year";
  return words.format(Math.round(seconds / (UNIT[unit] ?? 1)), unit);
}

/** The exact moment, in UTC: what records and logs show. */
export function exact(moment: string | Date): string {
  return `${new Date(moment).toISOString().replace("T", " ").slice(0, 19)} UTC`;
}

export function seconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (value < 0.1) return `${Math.round(value * 1000)} ms`;
  if (value < 60) return `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;
  const whole = Math.round(value);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Seconds from one moment to another, or to now. */
export function span(
  from: string | null | undefined,
  to: string | null | undefined,
): number | null {
  if (!from) return null;
  return ((to ? new Date(to).getTime() : Date.now()) - new Date(from).getTime()) / 1000;
}
