import { Group, Text, Title } from "@mantine/core";
import { Fragment, type ReactNode, useEffect } from "react";
import { Link } from "react-router";

export interface Crumb {
  to: string;
  text: string;
}

/** The head of every page: where it is, what it is called, what can be done. */
export function Page({
  title,
  crumbs = [],
  beside,
  actions,
  children,
}: {
  title: string;
  crumbs?: Crumb[];
  beside?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Taxiway`;
  }, [title]);
  return (
    <>
      {crumbs.length > 0 && (
        <Text component="nav" aria-label="Where this is" size="sm" c="dimmed" mb={4}>
          {crumbs.map((crumb) => (
            <Fragment key={crumb.to}>
              <Link to={crumb.to}>{crumb.text}</Link>
              <span aria-hidden> / </span>
            </Fragment>
          ))}
        </Text>
      )}
      <Group justify="space-between" mb="md" gap="sm">
        <Group gap="sm">
          <Title order={1} size="h3" style={{ overflowWrap: "anywhere" }}>
            {title}
          </Title>
          {beside}
        </Group>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </>
  );
}

/** A titled panel. */
export function Panel({
  title,
  aside,
  children,
  pad = true,
}: {
  title?: string;
  aside?: ReactNode;
  children: ReactNode;
  pad?: boolean;
}) {
  return (
    <section className="panel" aria-label={title}>
      {title && (
        <Group
          justify="space-between"
          px="md"
          py="xs"
          style={{ borderBottom: "1px solid var(--tw-line)" }}
        >
          <Title order={2} size="h5">
            {title}
          </Title>
          {aside}
        </Group>
      )}
      <div style={{ padding: pad ? 16 : 0 }}>{children}</div>
    </section>
  );
}
