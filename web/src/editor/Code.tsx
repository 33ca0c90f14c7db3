import { autocompletion, closeBrackets } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { python } from "@codemirror/lang-python";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension, RangeSetBuilder } from "@codemirror/state";
import {
  Decoration,
  drawSelection,
  EditorView,
  highlightActiveLine,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import { look } from "./highlight";

export interface CodeProps {
  text: string;
  language?: "python" | "json" | "text";
  onChange?: (text: string) => void;
  label: string;
  /** First and last line to mark and to show. */
  marked?: [number, number];
  firstLine?: number;
  onLine?: (line: number) => void;
  maxHeight?: string;
  minHeight?: string;
}

/** A viewer, or an editor when changes are asked for. Escape, then Tab, leaves it. */
export default function Code(props: CodeProps) {
  const { text, language = "text", onChange, label, marked, firstLine = 1 } = props;
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const changed = useRef(onChange);
  const lined = useRef(props.onLine);
  changed.current = onChange;
  lined.current = props.onLine;
  const dark = useComputedColorScheme("light", { getInitialValueInEffect: false }) === "dark";
  const editable = Boolean(onChange);
  const from = marked?.[0];
  const to = marked?.[1];

  useEffect(() => {
    if (!place.current) return;
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: view.current?.state.doc ?? text,
        extensions: [
          look(dark),
          EditorView.contentAttributes.of({ "aria-label": label }),
          EditorView.theme({
            "&": { maxHeight: props.maxHeight ?? "none" },
            ".cm-scroller": { overflow: "auto" },
            ".cm-content": { minHeight: props.minHeight ?? "0" },
          }),
          lineNumbers({
            formatNumber: (number) => String(number + firstLine - 1),
            domEventHandlers: {
              click: (target, line) => {
                lined.current?.(target.state.doc.lineAt(line.from).number + firstLine - 1);
                return false;
              },
            },
          }),
          language === "python" ? python() : language === "json" ? json() : [],
          search({ top: true }),
          highlightSelectionMatches(),
          keymap.of([...defaultKeymap, ...searchKeymap, ...historyKeymap]),
          from === undefined ? [] : markedLines(from - firstLine + 1, (to ?? from) - firstLine + 1),
          editable ? editing((value) => changed.current?.(value)) : reading(),
        ],
      }),
    });
    view.current = made;
    if (from !== undefined) show(made, from - firstLine + 1);
    return () => made.destroy();
  }, [dark, language, label, editable, from, to, firstLine]);

  useEffect(() => {
    const now = view.current;
    if (now && now.state.doc.toString() !== text) {
      now.dispatch({ changes: { from: 0, to: now.state.doc.length, insert: text } });
    }
  }, [text]);

  return <div ref={place} />;
}

function editing(tell: (text: string) => void): Extension {
  return [
    history(),
    drawSelection(),
    indentUnit.of("    "),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    autocompletion(),
    highlightActiveLine(),
    keymap.of([indentWithTab]),
    // Escape leaves the editor; a dialog around it, with all that was typed, stays
    EditorView.contentAttributes.of({ "data-mantine-stop-propagation": "true" }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) tell(update.state.doc.toString());
    }),
  ];
}

function reading(): Extension {
  return [
    EditorState.readOnly.of(true),
    EditorView.editable.of(false),
    EditorView.contentAttributes.of({ tabindex: "0" }),
  ];
}

function markedLines(from: number, to: number): Extension {
  return EditorView.decorations.of((view) => {
    const built = new RangeSetBuilder<Decoration>();
    for (let line = Math.max(1, from); line <= Math.min(to, view.state.doc.lines); line++) {
      const at = view.state.doc.line(line).from;
      built.add(at, at, Decoration.line({ class: "cm-marked" }));
    }
    return built.finish();
  });
}

function show(view: EditorView, line: number): void {
  if (line < 1 || line > view.state.doc.lines) return;
  view.dispatch({
    effects: EditorView.scrollIntoView(view.state.doc.line(line).from, { y: "center" }),
  });
}
