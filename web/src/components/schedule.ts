import cronstrue from "cronstrue";

const PRESETS: Record<string, string> = {
  "@hourly": "Every hour",
  "@daily": "Every day at midnight",
  "@weekly": "Every Sunday at midnight",
  "@monthly": "On the first of each month at midnight",
  "@yearly": "Every 1 January at midnight",
  "@annually": "Every 1 January at midnight",
  "@once": "Once",
  "@continuous": "Without a break",
};

/** A schedule in words. */
export function scheduleWords(schedule: string | null | undefined, timezone = "UTC"): string {
  if (!schedule) return "By hand only";
  const place = timezone === "UTC" ? "UTC" : timezone;
  const preset = PRESETS[schedule.trim()];
  if (preset) return `${preset}, ${place}`;
  try {
    const words = cronstrue.toString(schedule, { use24HourTimeFormat: true, verbose: false });
    return `${words}, ${place}`;
  } catch {
    return `${schedule}, ${place}`;
  }
}
