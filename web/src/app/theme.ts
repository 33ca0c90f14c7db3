import { createTheme, type CSSVariablesResolver } from "@mantine/core";

/** Mantine's defaults fail AA in places (dimmed text, links): these pass in both schemes. */
export const theme = createTheme({
  colors: {
    dark: [
      ...(["#d5d9de", "#b8bec6", "#9aa1aa", "#6b727c", "#3d434c"] as const),
      ...(["#2f343c", "#23272d", "#1b1e23", "#16191d", "#101215"] as const),
    ],
    // white on its seventh shade, a button in the dark, is too pale
    red: [
      ...(["#fff5f5", "#ffe3e3", "#ffc9c9", "#ffa8a8", "#ff8787"] as const),
      ...(["#ff6b6b", "#fa5252", "#c92a2a", "#c92a2a", "#b02525"] as const),
    ],
  },
  primaryColor: "indigo",
  primaryShade: { light: 8, dark: 7 },
  defaultRadius: "sm",
  fontFamily:
    'Inter, "Segoe UI", system-ui, -apple-system, "Helvetica Neue", "Noto Sans", "DejaVu Sans", sans-serif',
  fontFamilyMonospace:
    'ui-monospace, "Cascadia Code", "JetBrains Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace',
  headings: { fontWeight: "650" },
  fontSizes: { xs: "0.75rem", sm: "0.84rem", md: "0.92rem", lg: "1.05rem", xl: "1.2rem" },
  components: {
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true } },
    Modal: {
      defaultProps: {
        centered: true,
        overlayProps: { backgroundOpacity: 0.45 },
        closeButtonProps: { "aria-label": "Close" },
      },
      styles: { title: { fontWeight: 650, fontSize: "var(--mantine-font-size-lg)" } },
    },
    Notification: { defaultProps: { closeButtonProps: { "aria-label": "Close" } } },
    NumberInput: { defaultProps: { clampBehavior: "none" } },
  },
});

export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#59626d",
    "--mantine-color-anchor": "#364fc7",
    "--mantine-color-error": "#c92a2a",
    "--mantine-color-placeholder": "#68717c",
    "--mantine-color-body": "#ffffff",
    "--tw-canvas": "#f6f7f9",
    "--tw-line": "#dfe3e8",
    "--tw-code": "#f6f8fa",
    "--tw-good": "#1b7a35",
    "--tw-bad": "#c92a2a",
    "--tw-busy": "#1864ab",
    "--tw-wait": "#8a5300",
    "--tw-idle": "#59626d",
    "--tw-good-soft": "#e3f6e8",
    "--tw-bad-soft": "#fdeaea",
    "--tw-busy-soft": "#e4f0fb",
    "--tw-wait-soft": "#fff3d6",
    "--tw-idle-soft": "#eceff2",
  },
  dark: {
    "--mantine-color-dimmed": "#a6abb3",
    "--mantine-color-anchor": "#91a7ff",
    "--mantine-color-error": "#ff8787",
    "--mantine-color-placeholder": "#8f959e",
    "--mantine-color-body": "#1b1e23",
    "--mantine-color-text": "#d5d9de",
    "--tw-canvas": "#14161a",
    "--tw-line": "#343941",
    "--tw-code": "#15181c",
    "--tw-good": "#69db7c",
    "--tw-bad": "#ff8787",
    "--tw-busy": "#74c0fc",
    "--tw-wait": "#ffd43b",
    "--tw-idle": "#a6abb3",
    "--tw-good-soft": "#16301d",
    "--tw-bad-soft": "#3a1c1c",
    "--tw-busy-soft": "#152a3d",
    "--tw-wait-soft": "#372c0b",
    "--tw-idle-soft": "#2a2e34",
  },
});
