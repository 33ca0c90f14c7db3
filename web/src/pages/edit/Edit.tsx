import { Button, Grid, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useSearchParams } from "react-router";
import type { Refusal } from "../../api/refusal";
import { repositoryByUrl } from "../../api/repositories";
import { Loaded } from "../../components/Loading";
import { Notice } from "../../components/Notice";
import { Refused } from "../../components/Refused";
import { ago } from "../../components/time";
import { useAction } from "../../components/useAction";
import { Graph } from "../../graph/Graph";
import { useWorkflow } from "../workflow/Workflow";
import type { Draft, DraftTask } from "./draft";
import { FieldsForm } from "./FieldsForm";
import { ProblemList } from "./ProblemList";
import { Meanwhile } from "./Meanwhile";
import { type EditProblem, fieldOf, localProblems, merged } from "./problems";
import { TaskEditor } from "./TaskEditor";
import { TaskList } from "./TaskList";
import { useCatalogue } from "./useCatalogue";
import { useDraftCheck } from "./useDraftCheck";
import { useEdit } from "./useEdit";

const EDITOR = "task-editor";

/** Everything that is declared, edited as one draft. */
export default function Edit() {
  const workflow = useWorkflow();
  const edit = useEdit(workflow.id);
  return (
    <Loaded query={edit.base} what="Reading what is declared">
      {(base) =>
        edit.draft ? (
          <>
            <Meanwhile
              workflow={workflow}
              base={base.draft}
              readAt={base.updatedAt}
              changed={edit.changed}
              theirs={() => void edit.reload()}
            />
            <Editing id={workflow.id} edit={edit} draft={edit.draft} />
          </>
        ) : null
      }
    </Loaded>
  );
}

function Editing({
  id,
  edit,
  draft,
}: {
  id: string;
  edit: ReturnType<typeof useEdit>;
  draft: Draft;
}) {
  const [params, setParams] = useSearchParams();
  const [goneTo, setGoneTo] = useState<{ field: string; at: number } | null>(null);
  const asGraph = params.get("tasks") === "graph";
  const selected = params.get("task");
  const url = draft.fields.git_repository ?? "";
  const repository = useQuery(
    repositoryByUrl(url, draft.fields.git_credential_id as string | null),
  );
  const catalogue = useCatalogue(repository.data?.id, draft);
  const found = useMemo(
    () => localProblems(draft.tasks, catalogue.functionOf),
    [draft.tasks, catalogue.functionOf],
  );
  const check = useDraftCheck(id, draft, edit.fields);
  const save = useAction((over: boolean) => edit.save(over), { quiet: true });
  const problems: EditProblem[] = check.fresh
    ? (check.problems ?? [])
    : merged(check.problems ?? [], found);
  const set = (name: string, value: string | null) =>
    setParams(
      (now) => {
        if (value) now.set(name, value);
        else now.delete(name);
        return now;
      },
      { replace: true },
    );
  const select = (task: string | null) => set("task", task);
  const goTo = (problem: EditProblem) => {
    const field = fieldOf(problem);
    if (problem.task) {
      select(problem.task);
      document.getElementById(EDITOR)?.scrollIntoView({ block: "nearest" });
    } else if (field) setGoneTo({ field, at: Date.now() });
  };
  const code = (file: string, line: number | null | undefined) => {
    if (!repository.data || !check.commit) return null;
    const folder = draft.fields.git_subdirectory;
    const path = folder ? `${String(folder)}/${file}` : file;
    const query = new URLSearchParams({ ref: check.commit, path, file: "" });
    return `/repositories/${repository.data.id}/code?${query}${line ? `#L${line}` : ""}`;
  };
  const setTasks = (tasks: DraftTask[]) => edit.setDraft({ ...draft, tasks });
  const current = draft.tasks.find((task) => task.name === selected || task.key === selected);
  return (
    <Stack>
      {edit.restored && edit.changed && (
        <Notice tone="busy" title="Your unsaved changes are still here">
          <Group justify="space-between">
            <Text size="sm">From {ago(edit.restored)}, kept by this browser.</Text>
            <Button size="xs" variant="default" onClick={() => void edit.reload()}>
              Discard them
            </Button>
          </Group>
        </Notice>
      )}
      <Group justify="space-between" className="edit-bar">
        <Text size="sm" c="dimmed" role="status">
          {edit.changed ? "Not saved yet" : "All saved; a deploy makes it run"}
          {check.checking ? " · checking…" : ""}
        </Text>
        <Group gap="xs">
          <Button size="xs" variant="default" loading={check.checking} onClick={check.again}>
            Check
          </Button>
          <Button
            size="xs"
            loading={save.isPending}
            disabled={!edit.changed}
            onClick={() => save.mutate(false)}
          >
            Save and check
          </Button>
        </Group>
      </Group>
      <Conflict
        error={save.error as Refusal | null}
        over={() => save.mutate(true)}
        theirs={() => void edit.reload().then(save.reset)}
      />
      <Refused error={check.error} title="The check could not be made" />
      <ProblemList problems={problems} checked={check.fresh} goTo={goTo} code={code} />
      <FieldsForm
        fields={draft.fields}
        repository={repository}
        error={save.error}
        problems={problems}
        goneTo={goneTo}
        onChange={(fields) =>
          edit.setDraft({ ...draft, fields: { ...draft.fields, ...fields } as Draft["fields"] })
        }
      />
      <Grid>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Stack gap="xs">
            <SegmentedControl
              size="xs"
              w="fit-content"
              aria-label="Tasks as"
              value={asGraph ? "graph" : "list"}
              data={[
                { value: "list", label: "List" },
                { value: "graph", label: "Graph" },
              ]}
              onChange={(value) => set("tasks", value === "graph" ? value : null)}
            />
            {asGraph ? (
              <DraftGraph
                tasks={draft.tasks}
                problems={problems}
                selected={current?.name}
                select={select}
                setTasks={setTasks}
              />
            ) : (
              <TaskList
                tasks={draft.tasks}
                problems={problems}
                selected={current?.key}
                hasRepository={Boolean(url)}
                select={select}
                setTasks={setTasks}
              />
            )}
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 7 }} id={EDITOR}>
          {current ? (
            <TaskEditor
              key={current.key}
              task={current}
              tasks={draft.tasks}
              catalogue={catalogue}
              inline={check.schemas[current.name]}
              problems={problems.filter((problem) => problem.task === current.name)}
              onChange={(changed) => {
                const renamed = changed.name !== current.name;
                setTasks(
                  draft.tasks.map((task) => {
                    if (task.key === current.key) return changed;
                    if (!renamed) return task;
                    const dependencies = task.dependencies.map((d) =>
                      d === current.name ? changed.name : d,
                    );
                    return { ...task, dependencies };
                  }),
                );
                if (renamed) select(changed.key);
              }}
            />
          ) : (
            <Text c="dimmed" size="sm" p="md" className="panel">
              {draft.tasks.length ? "Choose a task to edit it." : "Add a first task."}
            </Text>
          )}
        </Grid.Col>
      </Grid>
    </Stack>
  );
}

/** Somebody else edited meanwhile: who, what, and the two ways on. Nothing typed is lost. */
function Conflict({
  error,
  over,
  theirs,
}: {
  error: Refusal | null;
  over: () => void;
  theirs: () => void;
}) {
  if (!error) return null;
  if (error.code !== "edit-conflict") return <Refused error={error} />;
  return (
    <Stack gap="xs">
      <Refused error={error} />
      <Group gap="xs">
        <Button size="xs" variant="default" onClick={over}>
          Save mine over it
        </Button>
        <Button size="xs" variant="default" onClick={theirs}>
          Drop mine and show theirs
        </Button>
      </Group>
    </Stack>
  );
}

function DraftGraph({
  tasks,
  problems,
  selected,
  select,
  setTasks,
}: {
  tasks: DraftTask[];
  problems: EditProblem[];
  selected: string | undefined;
  select: (task: string | null) => void;
  setTasks: (tasks: DraftTask[]) => void;
}) {
  const nodes = useMemo(
    () =>
      tasks.map((task) => ({
        name: task.name,
        dependencies: task.dependencies,
        detail: task.mode === "git" ? task.function_name || "no function yet" : "inline",
        inline: task.mode === "inline",
        problem: problems.find((p) => p.task === task.name)?.severity,
      })),
    [tasks, problems],
  );
  return (
    <Graph
      tasks={nodes}
      selected={selected}
      onSelect={select}
      height="44vh"
      onConnect={(before, after) =>
        setTasks(
          tasks.map((task) =>
            task.name === after && before !== after
              ? { ...task, dependencies: [...new Set([...task.dependencies, before])] }
              : task,
          ),
        )
      }
    />
  );
}
