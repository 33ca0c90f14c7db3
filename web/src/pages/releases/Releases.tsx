import { Badge, Button, Group, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { itemsOf, type Release, releasesQuery } from "../../api/queries";
import { Commit } from "../../components/Commit";
import { Empty } from "../../components/Empty";
import { Loaded } from "../../components/Loading";
import { More } from "../../components/More";
import { Panel } from "../../components/Page";
import { State } from "../../components/State";
import { Time } from "../../components/Time";
import { useWorkflow } from "../workflow/Workflow";
import { changeWords } from "./changes";
import { RollbackDialog } from "./RollbackDialog";

/** What was deployed, by whom and why; which one is current. */
export default function Releases() {
  const workflow = useWorkflow();
  const query = useInfiniteQuery(releasesQuery(workflow.id));
  const [target, setTarget] = useState<Release | null>(null);
  return (
    <>
      <Panel pad={false}>
        <Loaded query={query} what="Reading the releases">
          {(data) => {
            const releases = itemsOf(data);
            if (releases.length === 0) {
              return (
                <Empty title="Nothing was deployed yet">Deploy makes the first release.</Empty>
              );
            }
            return (
              <div className="scroll-x">
                <table className="table">
                  <thead>
                    <tr>
                      <th>Release</th>
                      <th>State</th>
                      <th>Commit</th>
                      <th>Why, and what it changed</th>
                      <th>By</th>
                      <th>When</th>
                      <th>
                        <span className="skip">Actions</span>
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {releases.map((release, index) => (
                      <Row
                        key={release.id}
                        release={release}
                        before={releases[index + 1]}
                        current={workflow.current_release}
                        rollBack={() => setTarget(release)}
                      />
                    ))}
                  </tbody>
                </table>
              </div>
            );
          }}
        </Loaded>
        <More query={query} />
      </Panel>
      {target && (
        <RollbackDialog workflow={workflow} release={target} close={() => setTarget(null)} />
      )}
    </>
  );
}

function Row({
  release,
  before,
  current,
  rollBack,
}: {
  release: Release;
  before: Release | undefined;
  current: number | null;
  rollBack: () => void;
}) {
  const home = `/workflows/${release.workflow_id}`;
  const base = release.is_current ? before?.number : current;
  const canGoBack = release.state === "ready" && !release.is_current && !release.removed_at;
  return (
    <tr>
      <td>
        <Group gap={6} wrap="nowrap">
          <Link to={`${home}/releases/${release.number}`}>#{release.number}</Link>
          {release.is_current && (
            <Badge
              size="sm"
              variant="outline"
              color="gray"
              styles={{ root: { color: "var(--tw-good)" } }}
            >
              current
            </Badge>
          )}
        </Group>
      </td>
      <td>
        <State state={release.state} />
      </td>
      <td>
        <Commit id={release.commit} />
        <Text size="xs" c="dimmed" maw={220} truncate>
          {release.commit_message?.split("\n")[0]}
        </Text>
      </td>
      <td style={{ maxWidth: 340 }}>
        {release.message && <Text size="sm">{release.message}</Text>}
        <Text size="xs" c="dimmed">
          {release.state === "failed" ? String(release.error?.message ?? "") : changeWords(release)}
        </Text>
      </td>
      <td>
        <Text size="sm">{release.cause === "push" ? "a push" : (release.deployed_by ?? "–")}</Text>
      </td>
      <td>
        <Time at={release.created_at} />
      </td>
      <td>
        <Group gap={6} wrap="nowrap" justify="flex-end">
          {base !== undefined && base !== null && base !== release.number && release.digest && (
            <Button
              component={Link}
              to={`${home}/compare?base=${base}&head=${release.number}`}
              size="compact-xs"
              variant="default"
            >
              Compare
            </Button>
          )}
          {canGoBack && (
            <Button
              size="compact-xs"
              variant="default"
              onClick={rollBack}
              aria-label={`Roll back to release ${release.number}`}
            >
              Roll back…
            </Button>
          )}
        </Group>
      </td>
    </tr>
  );
}
