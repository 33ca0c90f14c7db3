import { ActionIcon, Button, Group, Text, UnstyledButton } from "@mantine/core";
import { CircleAlert, Code2, GitBranch, Plus, Trash2 } from "lucide-react";
import { type DraftTask, newTask } from "./draft";
import type { EditProblem } from "./problems";

export function TaskList({
  tasks,
  problems,
  selected,
  hasRepository,
  select,
  setTasks,
}: {
  tasks: DraftTask[];
  problems: EditProblem[];
  selected: string | undefined;
  hasRepository: boolean;
  select: (task: string | null) => void;
  setTasks: (tasks: DraftTask[]) => void;
}) {
  const add = () => {
    const task = newTask(tasks, hasRepository ? "git" : "inline");
    setTasks([...tasks, task]);
    select(task.key);
  };
  const remove = (gone: DraftTask) => {
    const left = tasks.filter((task) => task.key !== gone.key);
    setTasks(
      left.map((task) => ({
        ...task,
        dependencies: task.dependencies.filter((d) => d !== gone.name),
      })),
    );
    if (selected === gone.key) select(null);
  };
  return (
    <div className="panel tasks">
      {tasks.map((task) => {
        const Kind = task.mode === "git" ? GitBranch : Code2;
        const wrong = problems.some((p) => p.task === task.name && p.severity === "error");
        return (
          <Group
            key={task.key}
            className="tasks-row"
            data-selected={task.key === selected || undefined}
            wrap="nowrap"
            gap={4}
          >
            <UnstyledButton
              className="tasks-open"
              aria-pressed={task.key === selected}
              onClick={() => select(task.name)}
            >
              <Kind size={14} aria-hidden style={{ flex: "none" }} />
              <div style={{ minWidth: 0 }}>
                <Text size="sm" fw={600} truncate>
                  {task.name}{" "}
                  {wrong && (
                    <CircleAlert size={13} className="tone-bad" aria-label="has problems" />
                  )}
                </Text>
                <Text size="xs" c="dimmed" truncate>
                  {task.mode === "git" ? `${task.script_path} · ${task.function_name}` : "inline"}
                  {task.dependencies.length ? ` · after ${task.dependencies.join(", ")}` : ""}
                </Text>
              </div>
            </UnstyledButton>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`Remove ${task.name}`}
              onClick={() => remove(task)}
            >
              <Trash2 size={14} />
            </ActionIcon>
          </Group>
        );
      })}
      <Button m="xs" size="xs" variant="default" leftSection={<Plus size={14} />} onClick={add}>
        Add a task
      </Button>
    </div>
  );
}
