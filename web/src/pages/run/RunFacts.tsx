import { Group, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Run } from "../../api/queries";
import { Commit } from "../../components/Commit";
import { Duration, Time } from "../../components/Time";

/** What it executes, and when: always in sight. */
export function RunFacts({ run }: { run: Run }) {
  const given = Object.keys(run.params).length;
  return (
    <div className="panel" style={{ padding: "10px 16px" }}>
      <Group gap="xl" align="flex-start" style={{ rowGap: 8 }}>
        <Fact name="Release">
          {run.release === null ? (
            "–"
          ) : (
            <Link to={`/workflows/${run.workflow_id}/releases/${run.release}`}>#{run.release}</Link>
          )}
        </Fact>
        <Fact name="Commit">
          <Commit id={run.commit} />
        </Fact>
        <Fact name="Began by">{run.trigger}</Fact>
        {run.logical_date && (
          <Fact name="Stands for">
            <Time at={run.logical_date} />
          </Fact>
        )}
        <Fact name="Asked for">
          <Time at={run.created_at} />
        </Fact>
        <Fact name="Took">
          <Duration from={run.started_at} to={run.ended_at} />
        </Fact>
        {given > 0 && (
          <Fact name="Own params">
            <code className="mono" title={JSON.stringify(run.params, null, 2)}>
              {JSON.stringify(run.params).slice(0, 80)}
            </code>
          </Fact>
        )}
      </Group>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text size="sm" component="div">
        {children}
      </Text>
    </div>
  );
}
