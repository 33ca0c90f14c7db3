import { Group, Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { itemsOf, workflowsQuery } from "../../api/queries";
import { BehindBranch } from "../../components/Behind";
import { More } from "../../components/More";
import { Panel } from "../../components/Page";
import { State } from "../../components/State";

/** Workflows that wait for somebody: those that a rollback holds. */
export function Attention() {
  const held = itemsOf(useInfiniteQuery(workflowsQuery({ held: true, limit: 20 })).data);
  if (held.length === 0) return null;
  return (
    <Panel title="Waiting for somebody">
      <Stack gap="xs">
        {held.map((workflow) => (
          <Text key={workflow.id} size="sm">
            <State state="held" />{" "}
            <Link to={`/workflows/${workflow.id}/releases`}>{workflow.name}</Link> stays at release{" "}
            {workflow.current_release} until it is resumed.
          </Text>
        ))}
      </Stack>
    </Panel>
  );
}

/** Workflows whose branch has moved since they were deployed, as far as anybody looked. */
export function BehindTheirBranch() {
  const query = useInfiniteQuery(workflowsQuery({ behind: true, limit: 8 }));
  const found = itemsOf(query.data);
  return (
    <Panel title="Behind their branch">
      {found.length === 0 ? (
        <Text size="sm" c="dimmed">
          {query.data ? "Every release is of the commit that its branch names." : "Looking…"}
        </Text>
      ) : (
        <Stack gap={8}>
          {found.map((workflow) => (
            <Group key={workflow.id} justify="space-between" gap="xs" wrap="nowrap">
              <Text size="sm" truncate>
                <Link to={`/workflows/${workflow.id}/releases`}>{workflow.name}</Link>
              </Text>
              <BehindBranch workflow={workflow} />
            </Group>
          ))}
        </Stack>
      )}
      <More query={query} />
    </Panel>
  );
}
