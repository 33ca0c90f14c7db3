import "./diff.css";

/** A unified difference; lines are told by their sign as well as by colour. */
export function Diff({ text, label }: { text: string; label: string }) {
  const lines = text.replace(/\n$/, "").split("\n");
  return (
    <pre className="diff" tabIndex={0} role="region" aria-label={label}>
      {lines
        .filter((line) => !/^(diff --git|index |--- |\+\+\+ )/.test(line))
        .map((line, index) => (
          <span key={`${index}${line}`} className={kind(line)}>
            {line || " "}
            {"\n"}
          </span>
        ))}
    </pre>
  );
}

function kind(line: string): string {
  if (line.startsWith("@@")) return "diff-place";
  if (line.startsWith("+")) return "diff-came";
  return line.startsWith("-") ? "diff-went" : "";
}
