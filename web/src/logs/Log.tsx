import { Button, Group, Select, Switch, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { ArrowDown, Download, Search } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { useSearchParams } from "react-router";
import { Virtuoso, type VirtuosoHandle } from "react-virtuoso";
import "./log.css";
import type { LogLine } from "../api/queries";
import { Loading } from "../components/Loading";
import { Refused } from "../components/Refused";
import { Line } from "./Line";
import { firstFrom, LEVELS, useMatching } from "./matching";
import { useLog } from "./useLog";

const UPWARDS = new Set(["ArrowUp", "PageUp", "Home"]);

/** A task's log: it follows until the reader scrolls up, and never takes the scroll from them. */
export default function Log({
  run,
  task,
  element,
  state,
  tries,
}: {
  run: string;
  task: string;
  /** Which one of a mapped task. */
  element?: number;
  state: string;
  tries: number;
}) {
  const [params, setParams] = useSearchParams();
  const tried = Number(params.get("try")) || tries;
  const linked = Number(params.get("line")) || 0;
  const log = useLog({ run, task, tried, element }, tried < tries ? "failed" : state);
  const [typed, setTyped] = useState("");
  const [found] = useDebouncedValue(typed.trim(), 150);
  const [level, setLevel] = useState("debug");
  const [platform, setPlatform] = useState(false);
  const [atEnd, setAtEnd] = useState(true);
  const [following, setFollowing] = useState(!linked);
  const list = useRef<VirtuosoHandle>(null);
  const { lines } = log;
  const shown = useMatching(lines, log.count, { found, level, platform: platform || linked > 0 });
  const link = useCallback(
    (line: number) => {
      setFollowing(false);
      setParams(
        (now) => {
          now.set("line", String(line));
          now.set("try", String(tried));
          return now;
        },
        { replace: true },
      );
    },
    [setParams, tried],
  );
  const hasLines = shown.length > 0;
  useEffect(() => {
    if (!linked || !hasLines) return;
    list.current?.scrollToIndex({ index: firstFrom(shown, linked - 1), align: "center" });
    // when the lines are there, and when another one is linked: not whenever a line comes
  }, [linked, hasLines]);
  const item = useCallback(
    (index: number) => {
      const place = shown[index] ?? 0;
      const line = lines[place];
      if (!line) return <div />;
      const number = place + 1;
      return (
        <Line line={line} number={number} found={found} linked={number === linked} onLink={link} />
      );
    },
    [lines, shown, found, linked, link],
  );

  if (!tries) return <Nothing text="It has not begun yet." />;
  return (
    <div>
      <Group gap="xs" mb="xs">
        <TextInput
          size="xs"
          aria-label="Search the log"
          placeholder="Search"
          leftSection={<Search size={13} />}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          w={150}
        />
        <Select
          size="xs"
          aria-label="Lowest level"
          data={LEVELS.map((name) => ({
            value: name,
            label: name === "debug" ? "all levels" : `${name} up`,
          }))}
          value={level}
          allowDeselect={false}
          onChange={(value) => setLevel(value ?? "debug")}
          w={120}
        />
        {tries > 1 && (
          <Select
            size="xs"
            aria-label="Try"
            data={Array.from({ length: tries }, (_, i) => ({
              value: String(i + 1),
              label: `try ${i + 1}`,
            }))}
            value={String(tried)}
            allowDeselect={false}
            onChange={(value) =>
              setParams((now) => {
                now.set("try", value ?? String(tries));
                now.delete("line");
                return now;
              })
            }
            w={84}
          />
        )}
        <Switch
          size="xs"
          label="Airflow's lines"
          checked={platform}
          onChange={(event) => setPlatform(event.currentTarget.checked)}
        />
        <Button
          size="xs"
          variant="default"
          leftSection={<Download size={13} />}
          disabled={log.count === 0}
          onClick={() => download(lines, `${task}-try${tried}.log`)}
        >
          Download
        </Button>
      </Group>
      <Refused error={log.error} />
      {log.loading ? (
        <Loading what="Reading the log" />
      ) : (
        <div
          className="log"
          role="log"
          aria-live="off"
          aria-label={`Log of ${task}`}
          // only the reader ends it: lines may come faster than the end is reached
          onWheel={(event) => event.deltaY < 0 && setFollowing(false)}
          onTouchMove={() => setFollowing(false)}
          onPointerDown={(event) =>
            (event.target as Element).classList.contains("log-lines") && setFollowing(false)
          }
          onKeyDown={(event) => UPWARDS.has(event.key) && setFollowing(false)}
        >
          {!hasLines && (
            <Nothing text={log.count ? "No line is like that." : "No line was written yet."} />
          )}
          <Virtuoso
            ref={list}
            className="log-lines"
            totalCount={shown.length}
            tabIndex={0}
            initialTopMostItemIndex={
              linked
                ? { index: firstFrom(shown, linked - 1), align: "center" }
                : Math.max(0, shown.length - 1)
            }
            followOutput={() => (following && log.live ? "auto" : false)}
            atBottomStateChange={(end) => {
              setAtEnd(end);
              if (end) setFollowing(true);
            }}
            atBottomThreshold={40}
            increaseViewportBy={300}
            itemContent={item}
          />
          {!atEnd && !(following && log.live) && hasLines && (
            <Button
              className="log-end"
              size="compact-xs"
              leftSection={<ArrowDown size={12} />}
              onClick={() => {
                setFollowing(true);
                list.current?.scrollToIndex({ index: "LAST", align: "end" });
              }}
            >
              {log.live ? "Follow" : "To the end"}
            </Button>
          )}
        </div>
      )}
      <Text size="xs" c="dimmed" mt={4} role="status">
        {shown.length === log.count
          ? `${log.count.toLocaleString("en")} lines`
          : `${shown.length.toLocaleString("en")} of ${log.count.toLocaleString("en")} lines`}
        {log.live ? ", live" : ""}
      </Text>
    </div>
  );
}

function Nothing({ text }: { text: string }) {
  return (
    <Text size="sm" c="dimmed" p="sm">
      {text}
    </Text>
  );
}

function download(lines: LogLine[], name: string): void {
  const text = lines.map((line) => `${line.timestamp ?? ""} ${line.level} ${line.text}\n`).join("");
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.download = name;
  anchor.click();
  URL.revokeObjectURL(address);
}
