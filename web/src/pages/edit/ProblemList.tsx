import { Button, Group, Text } from "@mantine/core";
import { CircleAlert, CircleCheck, TriangleAlert } from "lucide-react";
import type { EditProblem } from "./problems";

/** What is wrong, each with a way to it. */
export function ProblemList({
  problems,
  checked,
  goTo,
}: {
  problems: EditProblem[];
  checked: boolean;
  goTo: (task: string) => void;
}) {
  if (problems.length === 0) {
    if (!checked) return null;
    return (
      <Group gap="xs" className="tone-good" role="status">
        <CircleCheck size={16} aria-hidden />
        <Text size="sm">The deploy check found nothing: it can be deployed.</Text>
      </Group>
    );
  }
  return (
    <section className="panel problems" aria-label="Problems">
      {problems.map((problem) => {
        const Icon = problem.severity === "error" ? CircleAlert : TriangleAlert;
        const { task } = problem;
        return (
          <Group
            key={`${problem.code}${task}${problem.message}`}
            justify="space-between"
            wrap="nowrap"
            px="md"
            py={8}
          >
            <Group gap="sm" wrap="nowrap" align="flex-start">
              <Icon
                size={16}
                style={{ flex: "none", marginTop: 2 }}
                className={problem.severity === "error" ? "tone-bad" : "tone-wait"}
                aria-label={problem.severity}
              />
              <div>
                <Text size="sm">{problem.message}</Text>
                <Text size="xs" c="dimmed">
                  {[
                    problem.file && `${problem.file}${problem.line ? `:${problem.line}` : ""}`,
                    problem.hint,
                  ]
                    .filter(Boolean)
                    .join(" · ")}
                </Text>
              </div>
            </Group>
            {task && (
              <Button size="compact-xs" variant="default" onClick={() => goTo(task)}>
                Go to {task}
              </Button>
            )}
          </Group>
        );
      })}
    </section>
  );
}
