import { Group, List, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { artifactsQuery, recordQuery } from "../../api/outcome";
import type { Run, SealedTask, TaskRun } from "../../api/queries";
import { Loading } from "../../components/Loading";
import { Refused } from "../../components/Refused";
import { TaskCode } from "../../components/TaskCode";
import { bytes } from "../../values/Reference";
import { Value } from "../../values/Value";
import { elementOf } from "./TaskRunPanel";

/** What went into a task run: its code at the commit, params, inputs; and the files that it left. */
export function TaskGiven({
  run,
  task,
  sealed,
}: {
  run: Run;
  task: TaskRun;
  sealed: SealedTask | undefined;
}) {
  const element = elementOf(task);
  const ended = task.state === "success" || task.state === "failed";
  const record = useQuery({
    ...recordQuery(run.id, task.task, task.try_number, element),
    enabled: ended,
  });
  const artifacts = useQuery({
    ...artifactsQuery(run.id, task.task, task.try_number, element),
    enabled: Boolean(record.data),
  });
  if (record.isLoading) return <Loading what="Reading the record of the task" />;
  if (record.error) {
    return <Refused error={record.error} retry={() => void record.refetch()} />;
  }
  const params = record.data?.params ?? sealed?.params ?? {};
  const inputs = Object.entries(record.data?.inputs ?? {});
  const nothing = Object.keys(params).length === 0 && inputs.length === 0;
  return (
    <Stack gap="md">
      {ended && !record.data && (
        <Text size="sm">
          It did not get as far as being given anything: it ended before its function began. The log
          says why.{nothing ? "" : " This is what was set for it."}
        </Text>
      )}
      {!ended && (
        <Text size="sm" c="dimmed">
          {task.state === "skipped" || task.state === "upstream_failed"
            ? "It did not run."
            : "What it is given is told when it has ended."}
          {nothing ? "" : " This is what is set for it."}
        </Text>
      )}
      {Object.keys(params).length > 0 && (
        <Part title="Params">
          <Value value={params} />
        </Part>
      )}
      {inputs.map(([parameter, input]) => (
        <Part
          key={parameter}
          title={
            <>
              <code className="mono">{parameter}</code>, from {input.task}
              {input.path}
            </>
          }
        >
          <Value value={input.value} />
        </Part>
      ))}
      {record.data && nothing && (
        <Text size="sm" c="dimmed">
          It was given nothing.
        </Text>
      )}
      {(artifacts.data ?? []).length > 0 && (
        <Part title="Artifacts">
          <List size="sm">
            {artifacts.data?.map((one) => (
              <List.Item key={one.path}>
                <a
                  href={`/api/v1/runs/${run.id}/tasks/${encodeURIComponent(task.task)}/artifacts/${one.path
                    .split("/")
                    .map(encodeURIComponent)
                    .join("/")}${element === undefined ? "" : `?map_index=${element}`}`}
                  download
                >
                  {one.path}
                </a>{" "}
                <Text component="span" size="xs" c="dimmed">
                  {bytes(one.size)}
                </Text>
              </List.Item>
            ))}
          </List>
        </Part>
      )}
      {(record.data?.equal_runs ?? []).length > 0 && (
        <Part title="Runs that were given the same">
          <Group gap="xs">
            {record.data?.equal_runs.slice(0, 8).map((id) => (
              <Link
                key={id}
                to={`/runs/${id}?task=${encodeURIComponent(task.task)}&tab=given`}
                className="mono"
              >
                {id.slice(0, 8)}
              </Link>
            ))}
          </Group>
        </Part>
      )}
      {sealed && (
        <Part title="Code">
          <TaskCode
            workflow={run.workflow_id}
            release={run.release}
            commit={run.commit}
            task={sealed}
          />
        </Part>
      )}
    </Stack>
  );
}

function Part({ title, children }: { title: ReactNode; children: ReactNode }) {
  return (
    <div>
      <Text size="sm" fw={600} mb={4} component="div">
        {title}
      </Text>
      {children}
    </div>
  );
}
