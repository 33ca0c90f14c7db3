import { queryOptions } from "@tanstack/react-query";
import { api, body, type Schema } from "./client";

export type Credential = Schema["CredentialResponse"];
export type KnownHost = Schema["KnownHostResponse"];

export const credentialsQuery = () =>
  queryOptions({
    queryKey: ["credentials"],
    queryFn: ({ signal }) =>
      body(api.GET("/api/v1/credentials", { params: { query: { limit: 200 } }, signal })),
  });

export const knownHostsQuery = () =>
  queryOptions({
    queryKey: ["known-hosts"],
    queryFn: ({ signal }) =>
      body(api.GET("/api/v1/known-hosts", { params: { query: { limit: 200 } }, signal })),
  });
