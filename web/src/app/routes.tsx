import { createBrowserRouter, type RouteObject } from "react-router";
import { Loading } from "../components/Loading";
import { Broken, Nowhere } from "./Broken";
import { Outdated } from "./Outdated";
import { Shell } from "./Shell";

type Module = { default: React.ComponentType };

/** What cannot be loaded is said: the router would show nothing at all. */
function lazily(load: () => Promise<Module>): RouteObject["lazy"] {
  return async () => {
    try {
      return { Component: (await load()).default };
    } catch {
      return { Component: Outdated };
    }
  };
}

/** A page is a module with a default export, loaded when it is opened. */
function page(path: string, load: () => Promise<Module>, children?: RouteObject[]): RouteObject {
  return {
    path,
    lazy: lazily(load),
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
      {
        index: true,
        lazy: lazily(() => import("../pages/home/Home")),
      },
      page("workflows", () => import("../pages/workflows/Workflows")),
      page("workflows/new", () => import("../pages/edit/NewWorkflow")),
      page("workflows/:id", () => import("../pages/workflow/Workflow"), [
        {
          index: true,
          lazy: lazily(() => import("../pages/workflow/Graph")),
        },
        page("edit", () => import("../pages/edit/Edit")),
        page("runs", () => import("../pages/runs/WorkflowRuns")),
        page("releases", () => import("../pages/releases/Releases")),
        page("releases/:number", () => import("../pages/releases/Release")),
        page("compare", () => import("../pages/releases/Compare")),
      ]),
      page("runs", () => import("../pages/runs/Runs")),
      page("runs/:id", () => import("../pages/run/Run")),
      page("repositories", () => import("../pages/repositories/Repositories")),
      page("repositories/:id", () => import("../pages/repositories/RepositoryPage"), [
        page("code", () => import("../pages/repositories/CodePage")),
        page("functions", () => import("../pages/repositories/FunctionsPage")),
        page("history", () => import("../pages/repositories/HistoryPage")),
      ]),
      page("credentials", () => import("../pages/credentials/Credentials")),
      page("audit", () => import("../pages/audit/Audit")),
      page("settings", () => import("../pages/settings/Settings")),
      { path: "*", element: <Nowhere /> },
    ],
  },
]);
