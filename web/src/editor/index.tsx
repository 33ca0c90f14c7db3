import { lazy, Suspense } from "react";
import { Loading } from "../components/Loading";
import type { CodeProps } from "./Code";

const Loaded = lazy(() => import("./Code"));

/** Code, with the editor loaded when the first one is shown. */
export function Code(props: CodeProps) {
  return (
    <Suspense fallback={<Loading what="Opening the editor" />}>
      <Loaded {...props} />
    </Suspense>
  );
}
