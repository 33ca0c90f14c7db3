import type { ReactNode } from "react";

/** A link that a user wrote: to http and https only; anything else stays text. */
export function SafeLink({
  href,
  children,
}: {
  href: string | undefined | null;
  children?: ReactNode;
}) {
  if (!href || !isWeb(href)) return <span>{children ?? href}</span>;
  return (
    <a href={href} target="_blank" rel="noreferrer noopener">
      {children ?? href}
    </a>
  );
}

export function isWeb(href: string): boolean {
  try {
    return ["http:", "https:"].includes(new URL(href).protocol);
  } catch {
    return false;
  }
}
