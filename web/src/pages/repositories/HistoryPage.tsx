import { Group, Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { itemsOf } from "../../api/queries";
import { commitsQuery } from "../../api/repositories";
import { Commit } from "../../components/Commit";
import { Loaded } from "../../components/Loading";
import { More } from "../../components/More";
import { Panel } from "../../components/Page";
import { Time } from "../../components/Time";
import { RefPicker, useAt } from "./RefPicker";
import { useRepository } from "./RepositoryPage";

/** The commits of a ref, newest first. */
export default function HistoryPage() {
  const repository = useRepository();
  const at = useAt();
  const query = useInfiniteQuery(commitsQuery(repository.id, at.ref));
  return (
    <Stack>
      <Group>
        <RefPicker repository={repository.id} />
      </Group>
      <Panel pad={false}>
        <Loaded query={query} what="Reading the history">
          {(data) => (
            <div className="scroll-x">
              <table className="table">
                <tbody>
                  {itemsOf(data).map((commit) => (
                    <tr key={commit.commit}>
                      <td>
                        <Link to={`../code?ref=${commit.commit}`} relative="path">
                          {commit.subject || "no message"}
                        </Link>
                        <Text size="xs" c="dimmed">
                          {commit.author}
                        </Text>
                      </td>
                      <td>
                        <Commit id={commit.commit} />
                      </td>
                      <td>
                        <Time at={commit.committed_at} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </Loaded>
        <More query={query} />
      </Panel>
    </Stack>
  );
}
