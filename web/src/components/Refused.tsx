import { Button, Code, List, Stack, Text } from "@mantine/core";
import { CircleAlert } from "lucide-react";
import { asRefusal } from "../api/refusal";
import { Notice } from "./Notice";

/** The server's message, its hint, and everything that is wrong, each with its place. */
export function Refused({
  error,
  retry,
  title,
}: {
  error: unknown;
  retry?: () => void;
  title?: string;
}) {
  if (!error) return null;
  const { problem } = asRefusal(error);
  const several = (problem.errors ?? []).length > 1;
  const isSaid = several && problem.errors?.some((entry) => entry.hint === problem.hint);
  return (
    <Notice
      role="alert"
      tone="bad"
      icon={<CircleAlert size={18} />}
      title={title ?? problem.detail}
    >
      <Stack gap={6}>
        {title && <Text size="sm">{problem.detail}</Text>}
        {several && (
          <List size="sm" spacing={4}>
            {problem.errors?.map((entry) => (
              <List.Item key={`${entry.pointer}${entry.message}`}>
                {entry.field && <Code mr={6}>{entry.field}</Code>}
                {entry.message}
                {entry.hint && (
                  <Text size="sm" c="dimmed">
                    {entry.hint}
                  </Text>
                )}
              </List.Item>
            ))}
          </List>
        )}
        {problem.hint && !isSaid && <Text size="sm">{problem.hint}</Text>}
        <Text size="xs" c="dimmed">
          {problem.code}
          {problem.request_id ? ` · request ${problem.request_id}` : ""}
        </Text>
        {retry && (
          <Button variant="default" size="xs" w="fit-content" onClick={retry}>
            Try again
          </Button>
        )}
      </Stack>
    </Notice>
  );
}
