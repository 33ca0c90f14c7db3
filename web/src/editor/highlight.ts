import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags as t } from "@lezer/highlight";

/** Own colours: those of the usual themes do not pass AA on our backgrounds. */
function style(dark: boolean): HighlightStyle {
  const [word, name, text, number, note, type] = dark
    ? ["#ff9e97", "#d2a8ff", "#a5d6ff", "#79c0ff", "#9aa4af", "#ffbd7a"]
    : ["#b3202c", "#6639ba", "#0a3069", "#0550ae", "#59626d", "#8a4600"];
  return HighlightStyle.define([
    { tag: [t.keyword, t.operatorKeyword, t.modifier], color: word },
    {
      tag: [
        t.function(t.variableName),
        t.function(t.propertyName),
        t.definition(t.function(t.variableName)),
      ],
      color: name,
    },
    { tag: [t.string, t.special(t.string), t.regexp], color: text },
    { tag: [t.number, t.bool, t.null, t.atom, t.self], color: number },
    { tag: [t.comment, t.meta], color: note, fontStyle: "italic" },
    { tag: [t.className, t.typeName, t.definition(t.className)], color: type },
    { tag: [t.propertyName], color: number },
    { tag: t.heading, fontWeight: "bold" },
    { tag: t.invalid, color: word },
  ]);
}

export function look(dark: boolean): Extension {
  return [
    syntaxHighlighting(style(dark)),
    EditorView.theme(
      {
        "&": {
          fontSize: "0.82rem",
          backgroundColor: "var(--tw-code)",
          color: "var(--mantine-color-text)",
          border: "1px solid var(--tw-line)",
          borderRadius: "6px",
        },
        ".cm-scroller": { fontFamily: "var(--mantine-font-family-monospace)", lineHeight: "1.55" },
        ".cm-gutters": {
          backgroundColor: "transparent",
          color: "var(--mantine-color-dimmed)",
          border: "none",
        },
        ".cm-content": { caretColor: "var(--mantine-color-text)" },
        ".cm-cursor": { borderLeftColor: "var(--mantine-color-text)" },
        ".cm-activeLine, .cm-activeLineGutter": {
          backgroundColor: dark ? "#ffffff0b" : "#0000000a",
        },
        "&.cm-focused": { outline: "2px solid var(--mantine-color-anchor)" },
        ".cm-marked": { backgroundColor: "var(--tw-wait-soft)" },
        "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
          {
            backgroundColor: dark ? "#2b4a78" : "#bcd6f7",
          },
        // the fonts of some systems have no sign for the collapsed lines
        ".cm-collapsedLines": {
          background: "var(--tw-idle-soft)",
          color: "var(--mantine-color-text)",
        },
        ".cm-collapsedLines:before, .cm-collapsedLines:after": { content: '"…"' },
      },
      { dark },
    ),
  ];
}
