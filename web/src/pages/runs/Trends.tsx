import { Group, Select, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useSearchParams } from "react-router";
import type { Schema } from "../../api/client";
import { type GridRun, metricsQuery } from "../../api/queries";
import { Panel } from "../../components/Page";
import { exact, seconds, span } from "../../components/time";
import { stateWords } from "../../components/State";
import { Trend, type TrendPoint } from "../../components/Trend";

/** How long the runs took, and what they measured; each with where a release began. */
export function Trends({
  workflow,
  runs,
  limit,
}: {
  workflow: string;
  runs: GridRun[];
  limit: number;
}) {
  const durations = useMemo(() => durationsOf(runs), [runs]);
  return (
    <Panel title="Over the runs">
      <Stack gap="lg">
        {durations.length > 0 ? (
          <Trend label="Duration" points={durations} say={seconds} fromZero />
        ) : (
          <Text size="sm" c="dimmed">
            No run has ended yet.
          </Text>
        )}
        <Metrics workflow={workflow} limit={limit} />
      </Stack>
    </Panel>
  );
}

function durationsOf(runs: GridRun[]): TrendPoint[] {
  return [...runs].reverse().flatMap((run): TrendPoint[] => {
    const took = run.ended_at ? span(run.started_at, run.ended_at) : null;
    if (took === null) return [];
    return [
      {
        key: run.id,
        to: `/runs/${run.id}`,
        value: took,
        release: run.release,
        words: `${stateWords(run.state)}, release ${run.release ?? "–"}, ${exact(run.created_at)}`,
        bad: run.state === "failed",
      },
    ];
  });
}

const SHOWN = 3;

/** Numbers that tasks returned; which of them is in the address. */
function Metrics({ workflow, limit }: { workflow: string; limit: number }) {
  const [params, setParams] = useSearchParams();
  const { data = [] } = useQuery(metricsQuery(workflow, limit));
  const names = data.map((series) => `${series.task}: ${series.name}`);
  const wanted = params.get("metric");
  const shown = data.filter((_, index) => (wanted ? names[index] === wanted : index < SHOWN));
  if (data.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        No task has returned a number yet: what a task returns as{" "}
        <code className="mono">{'{"accuracy": 0.97}'}</code> is drawn here.
      </Text>
    );
  }
  return (
    <>
      {data.length > SHOWN && (
        <Group>
          <Select
            size="xs"
            w={320}
            aria-label="Metric"
            placeholder={`${SHOWN} of ${data.length} metrics`}
            data={names}
            value={wanted}
            searchable
            clearable
            clearButtonProps={{ "aria-label": "The first metrics" }}
            onChange={(metric) =>
              setParams((now) => {
                if (metric) now.set("metric", metric);
                else now.delete("metric");
                return now;
              })
            }
          />
        </Group>
      )}
      {shown.map((series) => (
        <Trend
          key={`${series.task}/${series.name}`}
          label={`${series.task}: ${series.name}`}
          say={(value) => String(Number(value.toPrecision(5)))}
          points={pointsOf(series)}
        />
      ))}
    </>
  );
}

/** One point a run: of a mapped task the mean of its elements. */
export function pointsOf(series: Schema["MetricSeries"]): TrendPoint[] {
  const runs = new Map<string, Schema["MetricPoint"][]>();
  for (const point of series.points)
    runs.set(point.run_id, [...(runs.get(point.run_id) ?? []), point]);
  return [...runs].flatMap(([run, points]): TrendPoint[] => {
    const [first] = points;
    if (!first) return [];
    const many = points.length > 1 ? `, mean of ${points.length} elements` : "";
    return [
      {
        key: run,
        to: `/runs/${run}?task=${encodeURIComponent(series.task)}&tab=value`,
        value: points.reduce((sum, point) => sum + point.value, 0) / points.length,
        release: first.release,
        words: `release ${first.release ?? "–"}, ${exact(first.at)}${many}`,
      },
    ];
  });
}
