import "@mantine/spotlight/styles.css";
import { createSpotlight, Spotlight, type SpotlightActionData } from "@mantine/spotlight";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useEffect, useState } from "react";
import { useNavigate } from "react-router";
import { itemsOf, runsQuery, workflowsQuery } from "../api/queries";
import { ago } from "../components/time";
import { PLACES } from "./Shell";

const [store, spotlight] = createSpotlight();

/** Everything that has an address, by name: Ctrl-K. */
export default function Palette({ close }: { close: () => void }) {
  const go = useNavigate();
  const [query, setQuery] = useState("");
  const workflows = useInfiniteQuery(workflowsQuery({ q: query || undefined, limit: 30 }));
  const runs = useInfiniteQuery({ ...runsQuery({ limit: 8 }), refetchInterval: false });
  useEffect(() => {
    spotlight.open();
  }, []);

  const places: SpotlightActionData[] = PLACES.map(({ to, text, icon: Icon }) => ({
    id: to,
    label: text,
    leftSection: <Icon size={18} />,
    onClick: () => void go(to),
  }));
  places.push({
    id: "new",
    label: "New workflow",
    leftSection: <Plus size={18} />,
    onClick: () => void go("/workflows/new"),
  });
  const named = itemsOf(workflows.data).flatMap((workflow): SpotlightActionData[] => [
    {
      id: workflow.id,
      label: workflow.name,
      description: workflow.git_repository ?? "inline only",
      onClick: () => void go(`/workflows/${workflow.id}`),
    },
    {
      id: `${workflow.id}/edit`,
      label: `${workflow.name} › Edit`,
      onClick: () => void go(`/workflows/${workflow.id}/edit`),
    },
    {
      id: `${workflow.id}/runs`,
      label: `${workflow.name} › Runs`,
      onClick: () => void go(`/workflows/${workflow.id}/runs`),
    },
  ]);
  const recent = itemsOf(runs.data).map((run) => ({
    id: run.id,
    label: `Run of ${run.workflow_name}`,
    description: `${run.state}, ${ago(run.created_at)}`,
    keywords: [run.id],
    onClick: () => void go(`/runs/${run.id}`),
  }));
  return (
    <Spotlight
      store={store}
      shortcut={null}
      onSpotlightClose={close}
      query={query}
      onQueryChange={setQuery}
      nothingFound="Nothing of that name"
      highlightQuery
      limit={20}
      scrollable
      maxHeight={440}
      searchProps={{ placeholder: "Go to a workflow, a run, a page…", "aria-label": "Search" }}
      actions={[
        { group: "Pages", actions: places },
        { group: "Workflows", actions: named },
        { group: "Latest runs", actions: recent },
      ]}
    />
  );
}
