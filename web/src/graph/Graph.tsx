import "@xyflow/react/dist/base.css";
import "./graph.css";
import { useComputedColorScheme } from "@mantine/core";
import {
  Background,
  Controls,
  type Edge,
  Handle,
  MiniMap,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
} from "@xyflow/react";
import { Code2, GitBranch } from "lucide-react";
import { memo, useMemo } from "react";
import { Loading } from "../components/Loading";
import { lookOf, StateIcon, stateWords } from "../components/State";
import { type GraphTask, HEIGHT, WIDTH } from "./layout";
import { usePlaces } from "./usePlaces";

export interface TaskNode extends GraphTask {
  state?: string;
  /** The function, or that it is inline. */
  detail: string;
  inline: boolean;
  problem?: "error" | "warning";
}

type TaskFlowNode = Node<{ task: TaskNode }, "task">;

const MANY = 25; // past this a map helps
const types = { task: memo(TaskBox) };

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
  const nodes = useMemo(
    () =>
      tasks.flatMap((task): TaskFlowNode[] => {
        const position = places?.[task.name];
        if (!position) return [];
        return [
          {
            id: task.name,
            type: "task",
            position,
            data: { task },
            selected: task.name === selected,
            width: WIDTH,
            height: HEIGHT,
            ariaLabel: `Task ${task.name}${task.state ? `, ${stateWords(task.state)}` : ""}`,
          },
        ];
      }),
    [tasks, places, selected],
  );
  const edges = useMemo(() => edgesOf(tasks), [tasks]);
  if (!places) return <Loading what={`Laying out ${tasks.length} tasks`} />;
  return (
    <div className="panel graph" style={{ height }}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={types}
        colorMode={scheme}
        fitView
        fitViewOptions={{ maxZoom: 1.1, padding: 0.15 }}
        minZoom={0.05}
        nodesDraggable={false}
        nodesConnectable={Boolean(onConnect)}
        edgesFocusable={false}
        onlyRenderVisibleElements={tasks.length > 100}
        onNodeClick={(_, node) => onSelect(node.id)}
        onPaneClick={() => onSelect(null)}
        onConnect={({ source, target }) => onConnect?.(source, target)}
        onNodesChange={(changes) => {
          for (const change of changes) {
            if (change.type === "select" && change.selected && change.id !== selected)
              onSelect(change.id);
          }
        }}
        proOptions={{ hideAttribution: true }}
        preventScrolling={false}
      >
        <Background gap={18} size={1} />
        <Controls showInteractive={false} />
        {tasks.length > MANY && <MiniMap pannable zoomable ariaLabel="Map of the graph" />}
      </ReactFlow>
    </div>
  );
}

function edgesOf(tasks: TaskNode[]): Edge[] {
  const names = new Map(tasks.map((task) => [task.name, task]));
  return tasks.flatMap((task) =>
    task.dependencies
      .filter((before) => names.has(before))
      .map((before) => ({
        id: `${before}>${task.name}`,
        source: before,
        target: task.name,
        animated: task.state === "running",
        focusable: false,
      })),
  );
}

function TaskBox({ data, isConnectable }: NodeProps<TaskFlowNode>) {
  const { task } = data;
  const tone =
    task.problem === "error"
      ? "bad"
      : task.problem === "warning"
        ? "wait"
        : lookOf(task.state).tone;
  const Kind = task.inline ? Code2 : GitBranch;
  return (
    <div className={`task tone-${tone}`}>
      <Handle type="target" position={Position.Left} isConnectable={isConnectable} />
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
      <Handle type="source" position={Position.Right} isConnectable={isConnectable} />
    </div>
  );
}
