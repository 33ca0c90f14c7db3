import type { Release } from "../../api/queries";

/** What a release changed, in one line. */
export function changeWords(release: Release): string {
  const { changes } = release;
  if (release.unchanged) return "Nothing of what runs differs from the release before.";
  if (!changes) return release.number === 1 ? "The first release." : "";
  const { packages, files } = changes;
  const touched = [packages.added, packages.removed, packages.up, packages.down, packages.changed];
  const count = touched.reduce((sum, list) => sum + list.length, 0);
  const fileCount = files ? Object.values(files).reduce((sum: number, n) => sum + Number(n), 0) : 0;
  return [
    ...[...changes.tasks, ...changes.params, ...changes.schedule, ...changes.other].map(
      (c) => c.text,
    ),
    fileCount ? `${fileCount} ${fileCount === 1 ? "file" : "files"}` : "",
    count ? `${count} ${count === 1 ? "package" : "packages"}` : "",
  ]
    .filter(Boolean)
    .join("; ");
}
