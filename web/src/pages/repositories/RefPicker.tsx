import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useSearchParams } from "react-router";
import { type At, refsQuery } from "../../api/repositories";

/** Where the address says to look: `ref` in it, else the default branch. */
export function useAt(): At {
  const ref = useSearchParams()[0].get("ref");
  return ref ? { ref } : {};
}

/** Branch, tag, or the commit that the address names. */
export function RefPicker({ repository }: { repository: string }) {
  const [params, setParams] = useSearchParams();
  const refs = useQuery(refsQuery(repository));
  const items = refs.data?.items ?? [];
  const value = params.get("ref") ?? refs.data?.default_branch ?? null;
  const names = (kind: "branch" | "tag") =>
    items.filter((ref) => ref.kind === kind).map((ref) => ref.name);
  const tags = names("tag").filter((name) => !names("branch").includes(name));
  const [typed, setTyped] = useState("");
  const known = new Set(items.map((ref) => ref.name));
  const commit = /^[0-9a-f]{7,40}$/i.test(typed.trim()) ? typed.trim() : null;
  const other = [...new Set([value, commit])].filter(
    (name): name is string => Boolean(name) && !known.has(name as string),
  );
  return (
    <Select
      aria-label="Branch, tag or commit"
      w={240}
      searchable
      onSearchChange={setTyped}
      nothingFoundMessage="No branch and no tag; seven digits or more name a commit"
      maxDropdownHeight={360}
      allowDeselect={false}
      data={[
        ...(other.length ? [{ group: "Commit", items: other }] : []),
        { group: "Branches", items: names("branch") },
        { group: "Tags", items: tags },
      ]}
      value={value}
      onChange={(ref) =>
        setParams((now) => {
          if (ref) now.set("ref", ref);
          return now;
        })
      }
    />
  );
}
