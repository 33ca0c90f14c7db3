import { Group, Text, Tooltip, UnstyledButton } from "@mantine/core";
import "./gantt.css";
import { isActive, type Run, type TaskRun } from "../../api/queries";
import { lookOf, StateIcon, stateWords } from "../../components/State";
import { useTick } from "../../components/Time";
import { seconds } from "../../components/time";
import { elementText, keyOf, nameOf } from "./elements";
import { type Bar, barsOf, PHASES } from "./phases";

/** When each task ran, and in which phases its time went. */
export function Gantt({
  run,
  tasks,
  selected,
  onSelect,
}: {
  run: Run;
  tasks: TaskRun[];
  selected: string | null;
  onSelect: (task: string | null, element?: string | null) => void;
}) {
  useTick(1000, isActive(run.state));
  const now = Date.now();
  const rows = tasks.map((task) => ({ task, bars: barsOf(task, now) }));
  const all = rows.flatMap((row) => row.bars);
  const from = Math.min(...all.map((bar) => bar.from));
  const to = Math.max(...all.map((bar) => bar.to));
  if (all.length === 0) {
    return (
      <Text className="panel" p="md" size="sm" c="dimmed">
        No task has begun yet.
      </Text>
    );
  }
  return (
    <div className="panel gantt">
      <Ticks span={(to - from) / 1000} />
      {rows.map(({ task, bars }) => (
        <UnstyledButton
          key={keyOf(task)}
          className="gantt-row"
          aria-pressed={task.task === selected}
          aria-label={`${nameOf(task)}, ${stateWords(task.state)}, ${spoken(bars)}`}
          onClick={() => onSelect(task.task, elementText(task))}
        >
          <span className="gantt-name">
            <StateIcon state={task.state} />
            <span>{nameOf(task)}</span>
          </span>
          <span className="gantt-track">
            {bars.map((bar) => (
              <Tooltip key={bar.phase?.key ?? "all"} label={wordsOf(bar, task)}>
                <span
                  className={`gantt-bar ${bar.phase ? "" : `tone-${lookOf(task.state).tone}`}`}
                  style={{
                    left: `${((bar.from - from) / (to - from || 1)) * 100}%`,
                    width: `max(2px, ${((bar.to - bar.from) / (to - from || 1)) * 100}%)`,
                    background: bar.phase?.colour ?? "var(--tone)",
                  }}
                />
              </Tooltip>
            ))}
          </span>
        </UnstyledButton>
      ))}
      <Group gap="xs" p="xs" className="gantt-legend">
        {PHASES.map((phase) => (
          <Text key={phase.key} size="xs" c="dimmed" title={phase.words}>
            <span style={{ background: phase.colour }} /> {phase.name}
          </Text>
        ))}
      </Group>
    </div>
  );
}

function wordsOf(bar: Bar, task: TaskRun): string {
  const took = seconds((bar.to - bar.from) / 1000);
  return bar.phase
    ? `${bar.phase.name}: ${took} (${bar.phase.words})`
    : `${stateWords(task.state)}: ${took}`;
}

function spoken(bars: Bar[]): string {
  return bars
    .map((bar) => `${bar.phase?.name ?? "took"} ${seconds((bar.to - bar.from) / 1000)}`)
    .join(", ");
}

function Ticks({ span }: { span: number }) {
  const steps = 5;
  return (
    <div className="gantt-ticks" aria-hidden>
      <span />
      <span className="gantt-track">
        {Array.from({ length: steps }, (_, index) => (
          <span key={seconds((span * index) / steps)} style={{ left: `${(index / steps) * 100}%` }}>
            {seconds((span * index) / steps)}
          </span>
        ))}
      </span>
    </div>
  );
}
