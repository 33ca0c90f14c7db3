import { Button, Group, Select, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Plus, Search } from "lucide-react";
import { useEffect, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { itemsOf, type WorkflowFilter, workflowsQuery } from "../../api/queries";
import { Empty } from "../../components/Empty";
import { Loaded } from "../../components/Loading";
import { More } from "../../components/More";
import { Page } from "../../components/Page";
import { WorkflowRow } from "./WorkflowRow";

const SHOWN = [
  { value: "", label: "All" },
  { value: "failed", label: "Last run failed" },
  { value: "running", label: "Running" },
  { value: "success", label: "Last run succeeded" },
  { value: "none", label: "Never ran" },
  { value: "held", label: "Held" },
  { value: "behind", label: "Behind its branch" },
  { value: "undeployed", label: "Never deployed" },
  { value: "inactive", label: "Schedule off" },
];

/** All workflows; what is looked for is in the address. */
export default function Workflows() {
  const [params, setParams] = useSearchParams();
  const [typed, setTyped] = useState(params.get("q") ?? "");
  const [q] = useDebouncedValue(typed, 200);
  const shown = params.get("show") ?? "";
  useEffect(() => {
    setParams(
      (now) => {
        if (q) now.set("q", q);
        else now.delete("q");
        return now;
      },
      { replace: true },
    );
  }, [q, setParams]);
  const query = useInfiniteQuery(workflowsQuery(filterOf(q, shown)));
  return (
    <Page
      title="Workflows"
      actions={
        <Button component={Link} to="/workflows/new" size="xs" leftSection={<Plus size={14} />}>
          New workflow
        </Button>
      }
    >
      <Group mb="sm" gap="sm">
        <TextInput
          aria-label="Search workflows by name"
          placeholder="Search by name"
          leftSection={<Search size={14} />}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Select
          aria-label="Show"
          data={SHOWN}
          value={shown}
          allowDeselect={false}
          onChange={(value) =>
            setParams((now) => {
              if (value) now.set("show", value);
              else now.delete("show");
              return now;
            })
          }
        />
      </Group>
      <div className="panel">
        <Loaded query={query} what="Reading the workflows">
          {(data) => {
            const items = itemsOf(data);
            if (items.length === 0) {
              return (
                <Empty title={q || shown ? "No workflow is like that" : "No workflow yet"}>
                  {q || shown
                    ? "Search for something else, or show all."
                    : "Make the first one: it takes a repository, or a few lines of Python."}
                </Empty>
              );
            }
            return (
              <div className="scroll-x">
                <table className="table">
                  <thead>
                    <tr>
                      <th>Workflow</th>
                      <th>Last runs</th>
                      <th>Release</th>
                      <th>Commit and branch</th>
                      <th>Schedule and next run</th>
                      <th>Last run</th>
                    </tr>
                  </thead>
                  <tbody>
                    {items.map((workflow) => (
                      <WorkflowRow key={workflow.id} workflow={workflow} />
                    ))}
                  </tbody>
                </table>
              </div>
            );
          }}
        </Loaded>
        <More query={query} />
      </div>
    </Page>
  );
}

function filterOf(q: string, shown: string): WorkflowFilter {
  const filter: WorkflowFilter = { limit: 50 };
  if (q) filter.q = q;
  if (shown === "held") filter.held = true;
  else if (shown === "behind") filter.behind = true;
  else if (shown === "undeployed") filter.is_deployed = false;
  else if (shown === "inactive") filter.is_active = false;
  else if (shown) filter.last_run_state = [shown];
  return filter;
}
