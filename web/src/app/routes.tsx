import { createBrowserRouter, type LoaderFunctionArgs, type RouteObject } from "react-router";
import { first } from "../api/first";
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

/** The same, where what it shows first is asked for while its module is on the way. */
function asking(route: RouteObject, ask: (id: string, query: URLSearchParams) => void) {
  const loader = ({ params, request }: LoaderFunctionArgs) => {
    ask(params.id ?? "", new URL(request.url).searchParams);
    return null;
  };
  return { ...route, loader, shouldRevalidate: () => false } as RouteObject;
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
      asking(
        page("workflows/:id", () => import("../pages/workflow/Workflow"), [
          asking(
            { index: true, lazy: lazily(() => import("../pages/workflow/Graph")) },
            first.graph,
          ),
          page("edit", () => import("../pages/edit/Edit")),
          asking(
            page("runs", () => import("../pages/runs/WorkflowRuns")),
            first.grid,
          ),
          page("releases", () => import("../pages/releases/Releases")),
          page("releases/:number", () => import("../pages/releases/Release")),
          page("compare", () => import("../pages/releases/Compare")),
        ]),
        first.workflow,
      ),
      page("runs", () => import("../pages/runs/Runs")),
      asking(
        page("runs/:id", () => import("../pages/run/Run")),
        first.run,
      ),
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
