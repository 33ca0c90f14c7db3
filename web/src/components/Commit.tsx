import { ActionIcon, CopyButton, Group, Tooltip } from "@mantine/core";
import { Check, Copy } from "lucide-react";

/** A commit, short to read, whole to copy. */
export function Commit({ id, copy = true }: { id: string | null | undefined; copy?: boolean }) {
  if (!id) return <span>–</span>;
  return (
    <Group gap={2} wrap="nowrap" display="inline-flex">
      <Tooltip label={id}>
        <code className="mono">{id.slice(0, 8)}</code>
      </Tooltip>
      {copy && <CopyThis text={id} what="the commit" />}
    </Group>
  );
}

export function CopyThis({ text, what }: { text: string; what: string }) {
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? "Copied" : `Copy ${what}`}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            onClick={copy}
            aria-label={`Copy ${what}`}
          >
            {copied ? <Check size={13} /> : <Copy size={13} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}
