import { Button } from "@mantine/core";
import { Link, useRouteError } from "react-router";
import { Empty } from "../components/Empty";
import { Page } from "../components/Page";
import { Refused } from "../components/Refused";

/** A page that failed to load or to draw. */
export function Broken() {
  const error = useRouteError();
  return (
    <Page title="This page could not be shown">
      <Refused error={error} retry={() => window.location.reload()} />
    </Page>
  );
}

export function Nowhere() {
  return (
    <Page title="Nothing here">
      <Empty
        title="There is no page at this address"
        action={
          <Button component={Link} to="/workflows" variant="light">
            All workflows
          </Button>
        }
      />
    </Page>
  );
}
