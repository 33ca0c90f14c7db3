import { useQuery } from "@tanstack/react-query";
import { NavLink, Outlet, useLocation, useOutletContext, useParams } from "react-router";
import { type Repository, repositoryQuery } from "../../api/repositories";
import { Loaded } from "../../components/Loading";
import { Page } from "../../components/Page";

/** One repository: what its pages share. */
export default function RepositoryPage() {
  const { id = "" } = useParams();
  const { search } = useLocation();
  const query = useQuery(repositoryQuery(id));
  const at = new URLSearchParams(search).get("ref");
  const kept = at ? `?ref=${encodeURIComponent(at)}` : "";
  return (
    <Loaded query={query} what="Reading the repository">
      {(repository) => (
        <Page
          title={shortName(repository.url)}
          crumbs={[{ to: "/repositories", text: "Repositories" }]}
        >
          <nav className="tabs" aria-label="Pages of the repository">
            <NavLink to={`code${kept}`}>Code</NavLink>
            <NavLink to={`functions${kept}`}>Functions</NavLink>
            <NavLink to={`history${kept}`}>History</NavLink>
          </nav>
          <Outlet context={repository} />
        </Page>
      )}
    </Loaded>
  );
}

export function useRepository(): Repository {
  return useOutletContext<Repository>();
}

export function shortName(url: string): string {
  return url.replace(/^\w+:\/\//, "").replace(/\.git$/, "");
}
