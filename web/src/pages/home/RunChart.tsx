import { Text, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, body } from "../../api/client";
import { Panel } from "../../components/Page";

const DAYS = 14;

interface Day {
  day: string;
  runs: number;
  failed: number;
}

/** Runs of the last two weeks, by day; failed ones are hatched as well as red. */
export function RunChart() {
  const { data = [] } = useQuery({
    queryKey: ["runs", "chart", new Date().toISOString().slice(0, 13)],
    queryFn: () => Promise.all(lastDays().map(count)),
    staleTime: 60_000,
  });
  const most = Math.max(1, ...data.map((day) => day.runs));
  return (
    <Panel title="Runs of the last 14 days">
      <div
        role="img"
        aria-label={`Runs by day. ${data.map((d) => `${d.day}: ${d.runs} runs, ${d.failed} failed`).join("; ")}`}
        style={{ display: "flex", alignItems: "flex-end", gap: 3, height: 80 }}
      >
        {data.map((day) => (
          <Tooltip key={day.day} label={`${day.day}: ${day.runs} runs, ${day.failed} failed`}>
            <div
              style={{
                flex: 1,
                height: "100%",
                display: "flex",
                flexDirection: "column",
                justifyContent: "flex-end",
              }}
            >
              <div
                style={{
                  height: `${(day.failed / most) * 100}%`,
                  background:
                    "repeating-linear-gradient(45deg, var(--tw-bad) 0 3px, transparent 3px 5px)",
                }}
              />
              <div
                style={{
                  height: `${((day.runs - day.failed) / most) * 100}%`,
                  minHeight: 2,
                  background: day.runs ? "var(--tw-good)" : "var(--tw-line)",
                }}
              />
            </div>
          </Tooltip>
        ))}
      </div>
      <Text size="xs" c="dimmed" mt={6}>
        {data.reduce((sum, day) => sum + day.runs, 0)} runs,{" "}
        {data.reduce((sum, day) => sum + day.failed, 0)} failed
      </Text>
    </Panel>
  );
}

function lastDays(): Date[] {
  const today = new Date();
  today.setUTCHours(0, 0, 0, 0);
  return Array.from(
    { length: DAYS },
    (_, index) => new Date(today.getTime() - (DAYS - 1 - index) * 86_400_000),
  );
}

async function count(day: Date): Promise<Day> {
  const between = {
    created_after: day.toISOString(),
    created_before: new Date(day.getTime() + 86_400_000).toISOString(),
    limit: 1,
  };
  const total = async (query: object) =>
    (await body(api.GET("/api/v1/runs", { params: { query: query as never } }))).total ?? 10_000;
  const [runs, failed] = await Promise.all([
    total(between),
    total({ ...between, state: ["failed"] }),
  ]);
  return { day: day.toISOString().slice(0, 10), runs, failed };
}
