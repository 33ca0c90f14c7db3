import { useEffect, useState } from "react";
import { Refusal } from "../api/refusal";
import { Loading } from "../components/Loading";
import { Page } from "../components/Page";
import { Refused } from "../components/Refused";

const KEY = "taxiway.loaded-again";
const SOON = 20_000;

const problem = new Refusal({
  status: 0,
  code: "page-not-loaded",
  detail: "This page could not be loaded",
  hint: "The server may be restarting, or may have a new version. Load it again.",
});

/**
 * The code of a page is not there: most often the server has a new version, and this window has the
 * old one. It is loaded again by itself, once; what is typed and not saved is kept by the browser.
 */
export function Outdated() {
  const [again] = useState(mayTryAgain);
  useEffect(() => {
    if (again) window.location.reload();
  }, [again]);
  if (again) return <Loading what="Loading the new version" />;
  return (
    <Page title="This page could not be loaded">
      <Refused error={problem} retry={() => window.location.reload()} />
    </Page>
  );
}

function mayTryAgain(): boolean {
  try {
    const last = Number(sessionStorage.getItem(KEY)) || 0;
    sessionStorage.setItem(KEY, String(Date.now()));
    return Date.now() - last > SOON;
  } catch {
    return false; // without a memory it might never end
  }
}
