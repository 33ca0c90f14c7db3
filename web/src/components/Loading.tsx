import { Group, Loader, Text } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Refused } from "./Refused";

/** Says what is waited for. */
export function Loading({ what }: { what: string }) {
  return (
    <Group gap="sm" p="md" role="status">
      <Loader size="sm" />
      <Text size="sm" c="dimmed">
        {what}…
      </Text>
    </Group>
  );
}

type Seen<T> = Pick<UseQueryResult<T>, "data" | "error" | "isPending" | "refetch">;

/** What was asked for, what is waited for, or why it is not there. */
export function Loaded<T>({
  query,
  what,
  children,
}: {
  query: Seen<T>;
  what: string;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <Refused error={query.error} retry={() => void query.refetch()} />;
  return <Loading what={what} />;
}
