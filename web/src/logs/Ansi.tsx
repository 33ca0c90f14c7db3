import Anser from "anser";

/** A line with its colours, as elements: nothing of it is ever read as HTML. */
export function Ansi({ text, found }: { text: string; found?: string }) {
  if (!text.includes("\u001b")) return <Found text={text} found={found} />;
  return (
    <>
      {Anser.ansiToJson(text, { json: true, remove_empty: true, use_classes: true }).map(
        (part, index) => (
          <span
            key={index}
            className={[part.fg, part.decoration && `ansi-${part.decoration}`]
              .filter(Boolean)
              .join(" ")}
          >
            <Found text={part.content} found={found} />
          </span>
        ),
      )}
    </>
  );
}

function Found({ text, found }: { text: string; found?: string }) {
  if (!found) return text;
  const at = text.toLowerCase().indexOf(found.toLowerCase());
  if (at < 0) return text;
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, at + found.length)}</mark>
      <Found text={text.slice(at + found.length)} found={found} />
    </>
  );
}
