import {
  Button,
  Group,
  Stack,
  Text,
  TextInput,
  useMantineColorScheme,
  SegmentedControl,
} from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Check, X } from "lucide-react";
import { useState } from "react";
import { callerName, setCallerName } from "../../api/caller";
import { readinessQuery } from "../../api/queries";
import { Loaded } from "../../components/Loading";
import { Page, Panel } from "../../components/Page";
import { partName } from "../../components/parts";
import { Time } from "../../components/Time";
import { StackPanels } from "./StackPanels";

const PARTS: Record<string, string> = {
  database: "What Taxiway remembers",
  storage: "Sealed releases, files, values",
  publisher: "Hands new releases to Airflow",
  cache: "What this machine keeps to be quick",
  airflow_api: "Answers what Taxiway asks of Airflow",
  airflow_database: "Airflow's own record",
  airflow_scheduler: "Starts the tasks",
  airflow_dag_processor: "Reads the DAG files",
  airflow_triggerer: "Waits for what is deferred",
};

/** Every part of the stack, and what is this browser's own. */
export default function Settings() {
  const health = useQuery(readinessQuery());
  return (
    <Page title="Settings and health">
      <Stack maw={860}>
        <Panel title="Health" pad={false}>
          <Loaded query={health} what="Looking at every part">
            {(data) => (
              <div className="scroll-x">
                <table className="table">
                  <thead>
                    <tr>
                      <th>Part</th>
                      <th>Works</th>
                      <th>What was seen</th>
                    </tr>
                  </thead>
                  <tbody>
                    {Object.entries(data.parts).map(([name, part]) => (
                      <tr key={name}>
                        <td>
                          <Text size="sm" fw={600}>
                            {partName(name)}
                          </Text>
                          <Text size="xs" c="dimmed">
                            {PARTS[name] ?? ""}
                          </Text>
                        </td>
                        <td>
                          <span className={`state tone-${part.ok ? "good" : "bad"}`}>
                            {part.ok ? (
                              <Check size={14} aria-hidden />
                            ) : (
                              <X size={14} aria-hidden />
                            )}
                            {part.ok ? "yes" : "no"}
                          </span>
                        </td>
                        <td style={{ overflowWrap: "anywhere" }}>
                          <Detail text={part.detail ?? ""} />
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
          </Loaded>
        </Panel>
        <StackPanels />
        <You />
      </Stack>
    </Page>
  );
}

const MOMENT = /\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)/;

/** What was seen of a part; a moment in it as people say it. */
function Detail({ text }: { text: string }) {
  const found = MOMENT.exec(text);
  if (!found) return <>{text}</>;
  return (
    <>
      {text.slice(0, found.index)}
      <Time at={found[0]} />
      {text.slice(found.index + found[0].length)}
    </>
  );
}

function You() {
  const [name, setName] = useState(callerName);
  const [saved, setSaved] = useState(true);
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Panel title="This browser">
      <Stack gap="md">
        <Group align="flex-end" gap="xs">
          <TextInput
            label="Your name"
            description="Goes with what you change, so that others see who did. There are no accounts."
            value={name}
            maxLength={100}
            onChange={(event) => {
              setName(event.currentTarget.value);
              setSaved(false);
            }}
          />
          <Button
            variant="default"
            disabled={saved}
            onClick={() => {
              setCallerName(name);
              setSaved(true);
            }}
          >
            Keep
          </Button>
        </Group>
        <div>
          <Text size="sm" fw={600} mb={4}>
            Colours
          </Text>
          <SegmentedControl
            aria-label="Colours"
            data={[
              { value: "auto", label: "As the system" },
              { value: "light", label: "Light" },
              { value: "dark", label: "Dark" },
            ]}
            value={colorScheme}
            onChange={(value) => setColorScheme(value as "auto" | "light" | "dark")}
          />
        </div>
      </Stack>
    </Panel>
  );
}
