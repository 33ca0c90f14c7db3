import { createBrowserRouter, type RouteObject } from "react-router";
import { Loading } from "../components/Loading";
import { Broken, Nowhere } from "./Broken";
import { Shell } from "./Shell";

type Module = { default: React.ComponentType };

/** A page is a module with a default export, loaded when it is opened. */
function page(path: string, load: () => Promise<Module>, children?: RouteObject[]): RouteObject {
  return {
    path,
    lazy: async () => ({ Component: (await load()).default }),
    errorElement: <Broken />,
    ...(children ? { children } : {}),
  };
}

export const router = createBrowserRouter([
  {
    path: "/",
    element: <Shell />,
    errorElement: <Broken />,
    hydrateFallbackElement: <Loading what="Opening the page" />,
    children: [
      { index: true, lazy: async () => ({ Component: (await import("../pages/home/Home")).default }) },
      page("workflows", () => import("../pages/workflows/Workflows")),
      page("workflows/new", () => import("../pages/edit/NewWorkflow")),
      page("workflows/:id", () => import("../pages/workflow/Workflow"), [
        { index: true, lazy: async () => ({ Component: (await import("../pages/workflow/Graph")).default }) },
        page("edit", () => import("../pages/edit/Edit")),
        page("runs", () => import("../pages/runs/WorkflowRuns")),
        page("releases", () => import("../pages/releases/Releases")),
        page("releases/:number", () => import("../pages/releases/Release")),
      ]),
      page("runs", () => import("../pages/runs/Runs")),
      page("runs/:id", () => import("../pages/run/Run")),
      page("settings", () => import("../pages/settings/Settings")),
      { path: "*", element: <Nowhere /> },
    ],
  },
]);
