import {
  ActionIcon,
  AppShell,
  Burger,
  Button,
  Group,
  Kbd,
  Text,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import {
  Activity,
  BookOpen,
  GitBranch,
  Home,
  KeyRound,
  Moon,
  PlayCircle,
  ScrollText,
  Search,
  Sun,
  Workflow as WorkflowIcon,
} from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { Link, NavLink, Outlet, ScrollRestoration, useLocation } from "react-router";
import { readinessQuery } from "../api/queries";
import { partName } from "../components/parts";

const Palette = lazy(() => import("./Palette"));

export const PLACES = [
  { to: "/", text: "Home", icon: Home },
  { to: "/workflows", text: "Workflows", icon: WorkflowIcon },
  { to: "/runs", text: "Runs", icon: PlayCircle },
  { to: "/repositories", text: "Repositories", icon: GitBranch },
  { to: "/credentials", text: "Credentials", icon: KeyRound },
  { to: "/audit", text: "Audit", icon: ScrollText },
  { to: "/settings", text: "Settings and health", icon: Activity },
];

/** The frame of every page. */
export function Shell() {
  const [menu, { toggle, close }] = useDisclosure();
  const [palette, setPalette] = useState(false);
  const place = useLocation().pathname;
  useHotkeys([["mod+K", () => setPalette(true)]], []);
  useEffect(close, [place]);

  return (
    <AppShell
      header={{ height: 50 }}
      navbar={{ width: 232, breakpoint: "sm", collapsed: { mobile: !menu } }}
      padding="md"
    >
      <a className="skip" href="#main">
        To the content
      </a>
      <AppShell.Header px="md">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap">
            <Burger opened={menu} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Menu" />
            <Link to="/" aria-label="Taxiway, home">
              <Group gap={8} wrap="nowrap">
                <img src="/favicon.svg" width={24} height={24} alt="" />
                <Text fw={700} c="var(--mantine-color-text)">
                  Taxiway
                </Text>
              </Group>
            </Link>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <Button
              variant="default"
              size="xs"
              leftSection={<Search size={14} />}
              rightSection={<Kbd size="xs">Ctrl K</Kbd>}
              onClick={() => setPalette(true)}
              aria-label="Search and commands"
            >
              <Text size="xs" visibleFrom="xs">
                Search
              </Text>
            </Button>
            <Scheme />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Main">
        <div className="nav">
          {PLACES.map(({ to, text, icon: Icon }) => (
            <NavLink key={to} to={to} end={to === "/"}>
              <Icon size={17} aria-hidden />
              {text}
            </NavLink>
          ))}
          <a href="/docs" target="_blank" rel="noreferrer">
            <BookOpen size={17} aria-hidden />
            API reference
          </a>
        </div>
        <Trouble />
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        <Outlet />
      </AppShell.Main>
      <ScrollRestoration getKey={(location) => location.pathname} />
      {palette && (
        <Suspense>
          <Palette close={() => setPalette(false)} />
        </Suspense>
      )}
    </AppShell>
  );
}

function Scheme() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light", { getInitialValueInEffect: false });
  const other = scheme === "dark" ? "light" : "dark";
  return (
    <Tooltip label={`Show it ${other}`}>
      <ActionIcon
        variant="default"
        size={30}
        aria-label={`Show it ${other}`}
        onClick={() => setColorScheme(other)}
      >
        {scheme === "dark" ? <Sun size={15} /> : <Moon size={15} />}
      </ActionIcon>
    </Tooltip>
  );
}

/** Said on every page: a part of the stack that does not work, or a server that is gone. */
function Trouble() {
  const { data, error } = useQuery(readinessQuery());
  const broken = Object.entries(data?.parts ?? {}).filter(([, part]) => !part.ok);
  if (!error && broken.length === 0) return null;
  return (
    <Link to="/settings" style={{ marginTop: "auto" }}>
      <div
        className="state tone-bad"
        style={{ whiteSpace: "normal", padding: "6px 10px" }}
        role="status"
      >
        {error
          ? "The server does not answer"
          : `Not well: ${broken.map(([name]) => partName(name)).join(", ")}`}
      </div>
    </Link>
  );
}
