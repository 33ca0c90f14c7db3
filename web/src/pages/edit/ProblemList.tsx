import { Button, Group, Text } from "@mantine/core";
import { CircleAlert, CircleCheck, TriangleAlert } from "lucide-react";
import { Link } from "react-router";
import { type EditProblem, fieldOf } from "./problems";

/** What is wrong, each with a way to it. */
export function ProblemList({
  problems,
  checked,
  goTo,
  code,
}: {
  problems: EditProblem[];
  checked: boolean;
  goTo: (problem: EditProblem) => void;
  /** The address of a line of the repository, where it is known. */
  code: (file: string, line: number | null | undefined) => string | null;
}) {
  if (problems.length === 0) {
    if (!checked) return null;
    return (
      <Group gap="xs" className="tone-good" role="status" wrap="nowrap">
        <CircleCheck size={16} aria-hidden />
        <Text size="sm">The deploy check found nothing: it can be deployed.</Text>
      </Group>
    );
  }
  return (
    <section className="panel problems" aria-label="Problems">
      {problems.map((problem) => {
        const Icon = problem.severity === "error" ? CircleAlert : TriangleAlert;
        const { task, file } = problem;
        const field = fieldOf(problem);
        const address = file ? code(file, problem.line) : null;
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
            <Group gap={6} wrap="nowrap">
              {address && (
                <Button
                  component={Link}
                  to={address}
                  size="compact-xs"
                  variant="default"
                  target="_blank"
                >
                  Open the file
                </Button>
              )}
              {(task || field) && (
                <Button size="compact-xs" variant="default" onClick={() => goTo(problem)}>
                  Go to {task ?? field?.replaceAll("_", " ")}
                </Button>
              )}
            </Group>
          </Group>
        );
      })}
    </section>
  );
}
