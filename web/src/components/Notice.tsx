import { Alert } from "@mantine/core";
import type { ReactNode } from "react";

/** Something to know, in the colours of a state that can be read in either scheme. */
export function Notice({
  tone,
  title,
  icon,
  role,
  compact,
  children,
}: {
  tone: "busy" | "wait" | "bad";
  title?: ReactNode;
  icon?: ReactNode;
  role?: string;
  compact?: boolean;
  children: ReactNode;
}) {
  return (
    <Alert
      role={role}
      title={title}
      icon={icon}
      p={compact ? "xs" : undefined}
      styles={{
        root: {
          background: `var(--tw-${tone}-soft)`,
          border: `1px solid color-mix(in srgb, var(--tw-${tone}) 35%, transparent)`,
        },
        icon: { color: `var(--tw-${tone})` },
        title: { color: `var(--tw-${tone})` },
        message: { color: "var(--mantine-color-text)" },
      }}
    >
      {children}
    </Alert>
  );
}
