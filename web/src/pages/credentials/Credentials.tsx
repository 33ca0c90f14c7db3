import { Button, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";
import { type Credential, credentialsQuery } from "../../api/access";
import { CopyThis } from "../../components/Commit";
import { Empty } from "../../components/Empty";
import { Loaded } from "../../components/Loading";
import { Page, Panel } from "../../components/Page";
import { Time } from "../../components/Time";
import { CredentialDialog } from "./CredentialDialog";
import { CredentialMenu } from "./CredentialMenu";
import { KnownHosts } from "./KnownHosts";

/** Secrets for Git hosts: kept, used and tried, and never shown. */
export default function Credentials() {
  const query = useQuery(credentialsQuery());
  const [adding, dialog] = useDisclosure();
  const [made, setMade] = useState<Credential | null>(null);
  return (
    <Page
      title="Credentials"
      actions={
        <Button size="xs" leftSection={<Plus size={14} />} onClick={dialog.open}>
          New credential
        </Button>
      }
    >
      <Stack>
        {made?.public_key && <PublicKey credential={made} />}
        <Panel pad={false}>
          <Loaded query={query} what="Reading the credentials">
            {({ items }) =>
              items.length === 0 ? (
                <Empty title="No credential yet">
                  A private repository needs one: a token for https, or a key pair for ssh. What you
                  give is sealed, sent to its own host only, and shown to nobody again.
                </Empty>
              ) : (
                <List items={items} />
              )
            }
          </Loaded>
        </Panel>
        <KnownHosts />
      </Stack>
      {adding && (
        <CredentialDialog
          close={dialog.close}
          done={(credential) => {
            setMade(credential);
            dialog.close();
          }}
        />
      )}
    </Page>
  );
}

function PublicKey({ credential }: { credential: Credential }) {
  return (
    <Panel
      title={`The public key of ${credential.name}`}
      aside={<CopyThis text={credential.public_key ?? ""} what="the public key" />}
    >
      <Text size="sm" mb="xs">
        Give this half to {credential.host}, as a deploy key of the repository.
      </Text>
      <code className="mono" style={{ overflowWrap: "anywhere" }}>
        {credential.public_key}
      </code>
    </Panel>
  );
}

function List({ items }: { items: Credential[] }) {
  return (
    <div className="scroll-x">
      <table className="table">
        <thead>
          <tr>
            <th>Name</th>
            <th>Kind</th>
            <th>Host</th>
            <th>Fingerprint</th>
            <th>Used by</th>
            <th>Last used</th>
            <th>Secret from</th>
            <th>
              <span className="skip">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {items.map((one) => (
            <tr key={one.id}>
              <td>
                <Text size="sm" fw={600}>
                  {one.name}
                </Text>
              </td>
              <td>{one.kind}</td>
              <td>
                {one.host}
                {one.port ? `:${one.port}` : ""}
              </td>
              <td>
                <code className="mono" title={one.fingerprint}>
                  {one.fingerprint.slice(0, 20)}…
                </code>
                {one.public_key && <CopyThis text={one.public_key} what="the public key" />}
              </td>
              <td>
                {one.workflows.length === 0
                  ? "nothing"
                  : one.workflows.map((workflow, index) => (
                      <span key={workflow.id}>
                        {index > 0 && ", "}
                        <Link to={`/workflows/${workflow.id}`}>{workflow.name}</Link>
                      </span>
                    ))}
              </td>
              <td>
                <Time at={one.last_used_at} empty="never" />
              </td>
              <td>
                <Time at={one.updated_at} />
              </td>
              <td>
                <CredentialMenu credential={one} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
