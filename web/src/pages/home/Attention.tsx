import { Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { itemsOf, workflowsQuery } from "../../api/queries";
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
