import { Badge, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { NavLink, Outlet, useOutletContext, useParams } from "react-router";
import { type Workflow as WorkflowData, workflowQuery } from "../../api/queries";
import { BehindBranch } from "../../components/Behind";
import { Loaded } from "../../components/Loading";
import { Page } from "../../components/Page";
import { State } from "../../components/State";
import { scheduleWords } from "../../components/schedule";
import { Time } from "../../components/Time";
import { HeldBanner } from "./HeldBanner";
import { WorkflowActions } from "./WorkflowActions";

const TABS = [
  { to: ".", text: "Graph" },
  { to: "edit", text: "Edit" },
  { to: "runs", text: "Runs" },
  { to: "releases", text: "Releases" },
  { to: "compare", text: "Compare" },
];

/** One workflow: what its pages share. */
export default function Workflow() {
  const { id = "" } = useParams();
  const query = useQuery(workflowQuery(id));
  return (
    <Loaded query={query} what="Reading the workflow">
      {(workflow) => (
        <Page
          title={workflow.name}
          crumbs={[{ to: "/workflows", text: "Workflows" }]}
          beside={<Standing workflow={workflow} />}
          actions={<WorkflowActions workflow={workflow} />}
        >
          <Text size="sm" c="dimmed" mt={-8} mb="sm" component="div">
            {scheduleWords(workflow.schedule, workflow.timezone)}
            {workflow.is_active ? "" : " (off)"}
            {workflow.next_run && (
              <>
                , next <Time at={workflow.next_run} />
              </>
            )}
            {workflow.git_repository
              ? ` · ${workflow.git_repository} @ ${workflow.git_branch} `
              : " · inline only"}
            <BehindBranch workflow={workflow} />
          </Text>
          <HeldBanner workflow={workflow} />
          <nav className="tabs" aria-label="Pages of the workflow">
            {TABS.map((tab) => (
              <NavLink key={tab.to} to={tab.to} end={tab.to === "."}>
                {tab.text}
              </NavLink>
            ))}
          </nav>
          <Outlet context={workflow} />
        </Page>
      )}
    </Loaded>
  );
}

export function useWorkflow(): WorkflowData {
  return useOutletContext<WorkflowData>();
}

function Standing({ workflow }: { workflow: WorkflowData }) {
  return (
    <>
      {workflow.current_release === null ? (
        <Badge variant="outline" color="gray" styles={{ root: { color: "var(--tw-idle)" } }}>
          never deployed
        </Badge>
      ) : (
        <Badge variant="outline" color="gray" styles={{ root: { color: "var(--tw-good)" } }}>
          release {workflow.current_release}
        </Badge>
      )}
      {workflow.last_run && <State state={workflow.last_run.state} />}
    </>
  );
}
