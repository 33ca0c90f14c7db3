import { Alert, Text } from "@mantine/core";
import { Ban } from "lucide-react";
import type { Workflow } from "../../api/queries";

/** A rollback holds the workflow: nothing deploys until somebody resumes it. */
export function HeldBanner({ workflow }: { workflow: Workflow }) {
  if (!workflow.held) return null;
  return (
    <Alert
      color="yellow"
      icon={<Ban size={18} />}
      title={`Held at release ${workflow.current_release ?? "–"}`}
      mb="md"
      styles={{ title: { color: "var(--tw-wait)" }, message: { color: "inherit" } }}
    >
      <Text size="sm">
        It was rolled back. Runs go on with this release; nothing deploys, and no push does, until
        somebody resumes it.
      </Text>
    </Alert>
  );
}
