import { Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "react-router";
import { dagQuery, type Release as ReleaseData, releaseQuery } from "../../api/queries";
import { CopyThis, Commit } from "../../components/Commit";
import { Loaded } from "../../components/Loading";
import { Panel } from "../../components/Page";
import { State } from "../../components/State";
import { Time } from "../../components/Time";
import { Code } from "../../editor";
import { ReleaseError } from "../workflow/DeployDialog";
import { useWorkflow } from "../workflow/Workflow";

/** One release: what is sealed in it, and the DAG file that was made of it. */
export default function Release() {
  const workflow = useWorkflow();
  const number = Number(useParams().number);
  const query = useQuery(releaseQuery(workflow.id, number));
  return (
    <Loaded query={query} what="Reading the release">
      {(release) => (
        <Stack>
          {release.state === "failed" && <ReleaseError release={release} />}
          <Panel title={`Release ${release.number}`} aside={<State state={release.state} />}>
            <Facts release={release} />
          </Panel>
          {release.digest && <Dag workflow={workflow.id} number={number} />}
        </Stack>
      )}
    </Loaded>
  );
}

function Facts({ release }: { release: ReleaseData }) {
  return (
    <>
      <table className="facts">
        <tbody>
          <Row name="Repository">{release.git_repository ?? "none: inline tasks"}</Row>
          <Row name="Branch">{release.git_branch ?? "–"}</Row>
          <Row name="Commit">
            <code className="mono">{release.commit ?? "–"}</code>
            {release.commit && <CopyThis text={release.commit} what="the commit" />}
          </Row>
          <Row name="Files">
            <Commit id={release.tree} />
          </Row>
          <Row name="Packages">
            <Commit id={release.lock} />
          </Row>
          <Row name="Digest">
            <Commit id={release.digest} />
          </Row>
          <Row name="Asked for">
            <Time at={release.created_at} />
          </Row>
          <Row name="Ready">
            <Time at={release.ready_at} />
          </Row>
          <Row name="Current">{release.is_current ? "yes: new runs execute it" : "no"}</Row>
        </tbody>
      </table>
      {release.notes.map((note) => (
        <Text key={note} size="sm" mt="xs">
          {note}
        </Text>
      ))}
    </>
  );
}

function Row({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{children}</td>
    </tr>
  );
}

function Dag({ workflow, number }: { workflow: string; number: number }) {
  const query = useQuery(dagQuery(workflow, number));
  return (
    <Panel title="The DAG file that Airflow got" pad={false}>
      <Loaded query={query} what="Reading the DAG file">
        {(text) => <Code text={text} language="python" label="DAG file" maxHeight="60vh" />}
      </Loaded>
    </Panel>
  );
}
