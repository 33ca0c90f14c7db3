import ReactMarkdown from "react-markdown";
import remarkGfm from "remark-gfm";
import { isWeb, SafeLink } from "./SafeLink";

/** Markdown without HTML: what looks like HTML is shown as text, links lead to the web only. */
export default function Markdown({ text }: { text: string }) {
  return (
    <div className="markdown">
      <ReactMarkdown
        remarkPlugins={[remarkGfm]}
        urlTransform={(url) => (isWeb(url) ? url : "")}
        components={{
          a: ({ href, children }) => <SafeLink href={href}>{children}</SafeLink>,
          // a picture elsewhere would tell its host who reads this
          img: ({ alt }) => <span>[{alt || "picture"}]</span>,
          h1: ({ children }) => <h3>{children}</h3>,
          h2: ({ children }) => <h4>{children}</h4>,
          h3: ({ children }) => <h5>{children}</h5>,
          table: ({ children }) => (
            <div className="scroll-x" tabIndex={0} role="region" aria-label="Table">
              <table>{children}</table>
            </div>
          ),
          // the box of a list of tasks: nobody can tick it here
          input: ({ checked }) => <span>{checked ? "☑" : "☐"}</span>,
          pre: ({ children }) => <pre tabIndex={0}>{children}</pre>,
        }}
      >
        {text}
      </ReactMarkdown>
    </div>
  );
}
