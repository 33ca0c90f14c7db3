import { Button, Group, Select, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useEffect, useState } from "react";
import { useSearchParams } from "react-router";
import { api, body, type Schema } from "../../api/client";
import { itemsOf } from "../../api/queries";
import { Empty } from "../../components/Empty";
import { Loaded } from "../../components/Loading";
import { More } from "../../components/More";
import { Page } from "../../components/Page";
import { AuditRow } from "./AuditRow";

const KINDS = ["workflow", "credential", "known_host", "repository", "settings"];

/** Who did what, when, to what: only ever added to. */
export default function Audit() {
  const [params, setParams] = useSearchParams();
  const kind = params.get("kind");
  const [typed, setTyped] = useState(params.get("who") ?? "");
  const [who] = useDebouncedValue(typed.trim(), 300);
  useEffect(() => {
    setParams(
      (now) => {
        if (who) now.set("who", who);
        else now.delete("who");
        return now;
      },
      { replace: true },
    );
  }, [who, setParams]);
  const filter = { kind: kind ?? undefined, who: who || undefined };
  const query = useInfiniteQuery({
    queryKey: ["audit", filter],
    queryFn: ({ pageParam, signal }) =>
      body(
        api.GET("/api/v1/audit", {
          params: { query: { ...filter, limit: 50, cursor: pageParam ?? undefined } },
          signal,
        }),
      ) as Promise<Schema["Page_AuditResponse_"]>,
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
  const table = new URLSearchParams({
    format: "csv",
    ...(kind ? { kind } : {}),
    ...(who ? { who } : {}),
  });
  return (
    <Page
      title="Audit"
      actions={
        <Button
          component="a"
          href={`/api/v1/audit?${table}`}
          download="audit.csv"
          size="xs"
          variant="default"
          leftSection={<Download size={14} />}
        >
          CSV
        </Button>
      }
    >
      <Group mb="sm" gap="sm">
        <TextInput
          aria-label="Who"
          placeholder="Who, like local:ada"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Select
          aria-label="Kind"
          placeholder="Done to anything"
          data={KINDS}
          value={kind}
          clearable
          clearButtonProps={{ "aria-label": "Done to anything" }}
          onChange={(value) =>
            setParams((now) => {
              if (value) now.set("kind", value);
              else now.delete("kind");
              return now;
            })
          }
        />
      </Group>
      <div className="panel scroll-x">
        <Loaded query={query} what="Reading the record">
          {(data) => {
            const lines = itemsOf(data);
            const names = new Map(lines.map((line) => [line.subject_id ?? "", line.name ?? ""]));
            if (lines.length === 0) return <Empty title="Nothing is recorded that is like that" />;
            return (
              <table className="table">
                <thead>
                  <tr>
                    <th>When</th>
                    <th>Who</th>
                    <th>What</th>
                    <th>To what</th>
                    <th>Before → after</th>
                    <th>Request</th>
                  </tr>
                </thead>
                <tbody>
                  {lines.map((line) => (
                    <AuditRow key={line.id} line={line} names={names} />
                  ))}
                </tbody>
              </table>
            );
          }}
        </Loaded>
        <More query={query} />
      </div>
    </Page>
  );
}
