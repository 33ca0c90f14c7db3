import "@xyflow/react/dist/base.css";
import "./graph.css";
import { useComputedColorScheme } from "@mantine/core";
import {
  Background,
  type Connection,
  Controls,
  type Edge,
  Handle,
  MiniMap,
  type Node,
  type NodeChange,
  type NodeProps,
  Position,
  ReactFlow,
  useStore,
  ViewportPortal,
} from "@xyflow/react";
import { Code2, GitBranch } from "lucide-react";
import { memo, type MouseEvent, useEffect, useMemo, useRef } from "react";
import { lookOf, StateIcon, stateWords } from "../components/State";
import type { GraphTask, Places } from "./layout";
import { firstSeen, lines, type Reused, reused } from "./large";
import { usePlaces } from "./usePlaces";

export interface TaskNode extends GraphTask {
  state?: string;
  /** The function, or that it is inline. */
  detail: string;
  inline: boolean;
  problem?: "error" | "warning";
}

export type TaskFlowNode = Node<{ task: TaskNode; bare: boolean; down: boolean }, "task">;

const MANY = 25; // past this a map helps
const LARGE = 100; // past this it opens where the tasks begin, and lines are one picture
const LEGIBLE = 0.35; // names are not read when it is smaller
const types = { task: memo(TaskBox) };
const noEdges: Edge[] = [];
const hidden = { hideAttribution: true };

/** Tasks and what has to end before what. Selecting one is told; its place never moves. */
export function Graph({
  tasks,
  selected,
  onSelect,
  onConnect,
  height = "62vh",
}: {
  tasks: TaskNode[];
  selected?: string | null;
  onSelect: (task: string | null) => void;
  onConnect?: (before: string, task: string) => void;
  height?: string;
}) {
  const scheme = useComputedColorScheme("light", { getInitialValueInEffect: false });
  const places = usePlaces(tasks);
  const large = tasks.length > LARGE;
  const bare = large && !onConnect;
  const known = useRef<Reused>(new Map());
  const nodes = useMemo(
    () => reused(known.current, tasks, places, selected ?? null, bare),
    [tasks, places, selected, bare],
  );
  const edges = useEdges(tasks, large);
  const on = useHandlers({ selected, onSelect, onConnect });
  const fit = useMemo(
    () =>
      large
        ? { nodes: firstSeen(places), minZoom: 0.4, maxZoom: 0.8, padding: 0.02 }
        : { maxZoom: 1.1, padding: 0.15 },
    [large, places],
  );
  return (
    <div className="panel graph" style={{ height }}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={types}
        colorMode={scheme}
        fitView
        fitViewOptions={fit}
        minZoom={0.05}
        nodesDraggable={false}
        nodesConnectable={Boolean(onConnect)}
        edgesFocusable={false}
        onlyRenderVisibleElements={large}
        {...on}
        proOptions={hidden}
        preventScrolling={false}
      >
        {large && <Lines tasks={tasks} places={places} />}
        {!large && <Background gap={18} size={1} />}
        <Controls showInteractive={false} />
        {tasks.length > MANY && <MiniMap pannable zoomable ariaLabel="Map of the graph" />}
      </ReactFlow>
    </div>
  );
}

/** What the graph tells: the same functions all along, for with new ones every task is drawn anew. */
function useHandlers(given: {
  selected?: string | null;
  onSelect: (task: string | null) => void;
  onConnect?: (before: string, task: string) => void;
}) {
  const latest = useRef(given);
  useEffect(() => {
    latest.current = given;
  });
  return useMemo(
    () => ({
      onNodeClick: (_: MouseEvent, node: TaskFlowNode) => latest.current.onSelect(node.id),
      onPaneClick: () => latest.current.onSelect(null),
      onConnect: ({ source, target }: Connection) => latest.current.onConnect?.(source, target),
      onNodesChange: (changes: NodeChange<TaskFlowNode>[]) => {
        for (const change of changes) {
          const chosen = change.type === "select" && change.selected;
          if (chosen && change.id !== latest.current.selected) latest.current.onSelect(change.id);
        }
      },
    }),
    [],
  );
}

/** Lines, again only when they or what runs has changed; none where they are one picture. */
function useEdges(tasks: TaskNode[], large: boolean): Edge[] {
  const seen = large
    ? ""
    : JSON.stringify(tasks.map((task) => [task.name, task.dependencies, task.state === "running"]));
  return useMemo(() => (seen ? edgesOf(seen) : noEdges), [seen]);
}

function edgesOf(seen: string): Edge[] {
  const tasks = JSON.parse(seen) as [string, string[], boolean][];
  const names = new Set(tasks.map(([name]) => name));
  return tasks.flatMap(([name, dependencies, running]) =>
    dependencies
      .filter((before) => names.has(before))
      .map((before) => ({
        id: `${before}>${name}`,
        source: before,
        target: name,
        animated: running,
        focusable: false,
      })),
  );
}

/** All lines of a large graph at once: a thousand of them apart would hold the page up. */
function Lines({ tasks, places }: { tasks: TaskNode[]; places: Places }) {
  const structure = JSON.stringify(tasks.map((task) => [task.name, task.dependencies]));
  const path = useMemo(() => lines(JSON.parse(structure), places), [structure, places]);
  return (
    <ViewportPortal>
      <svg className="graph-lines" aria-hidden>
        <path d={path} />
      </svg>
    </ViewportPortal>
  );
}

function TaskBox({ data, isConnectable }: NodeProps<TaskFlowNode>) {
  const { task, bare, down } = data;
  const legible = useStore((state) => state.transform[2] >= LEGIBLE);
  const tone =
    task.problem === "error"
      ? "bad"
      : task.problem === "warning"
        ? "wait"
        : lookOf(task.state).tone;
  if (bare && !legible) return <div className={`task task-far tone-${tone}`} />;
  const Kind = task.inline ? Code2 : GitBranch;
  return (
    <div className={`task tone-${tone}`}>
      {!bare && (
        <Handle
          type="target"
          position={down ? Position.Top : Position.Left}
          isConnectable={isConnectable}
        />
      )}
      <div className="task-name">
        {task.state && <StateIcon state={task.state} />}
        <span title={task.name}>{task.name}</span>
      </div>
      <div className="task-detail">
        <Kind size={12} aria-hidden />
        <span title={task.detail}>
          {task.state ? `${stateWords(task.state)} · ${task.detail}` : task.detail}
        </span>
      </div>
      {!bare && (
        <Handle
          type="source"
          position={down ? Position.Bottom : Position.Right}
          isConnectable={isConnectable}
        />
      )}
    </div>
  );
}
