// What the server has to say about the text, while it is written: marks in the editor, and the list below it.
import { jsonParseLinter } from "@codemirror/lang-json";
import { type Diagnostic, linter } from "@codemirror/lint";
import type { Extension, Text } from "@codemirror/state";

interface Finding {
  level: "error" | "warning";
  line: number;
  column: number;
  message: string;
  hint?: string;
}

/** How long one has to pause before the server is asked. */
const PAUSE = 400;

export function findings(area: HTMLTextAreaElement): Extension {
  const { check, csrf, server } = area.dataset;
  const broken = jsonParseLinter();
  let running: AbortController | undefined;
  return linter(
    async (view) => {
      running?.abort();
      const text = view.state.doc;
      const faults = broken(view);
      if (faults.length > 0 || !check || area.readOnly) return faults;
      running = new AbortController();
      try {
        const found = await ask(check, csrf ?? "", server ?? "", text.toString(), running.signal);
        say(found);
        return found.map((finding) => mark(finding, text));
      } catch {
        // The next change asks again, and saving says everything in any case.
        return [];
      }
    },
    { delay: PAUSE },
  );
}

async function ask(url: string, csrf: string, server: string, text: string, signal: AbortSignal): Promise<Finding[]> {
  // The text goes as it is: parsing and writing it again would hide a repeated key and move what stands where.
  const about = server ? `,"server":${JSON.stringify(server)}` : "";
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "x-csrf-token": csrf },
    body: `{"document":${text}${about}}`,
    signal,
  });
  if (!answer.ok) throw new Error(String(answer.status));
  const skipped = text.slice(0, text.length - text.trimStart().length);
  const lines = skipped.split("\n").length - 1;
  const columns = skipped.length - (skipped.lastIndexOf("\n") + 1);
  const { findings } = (await answer.json()) as { findings: Finding[] };
  // Lines count in the document itself, which begins behind the white space before it.
  return findings.map((finding) => ({
    ...finding,
    line: finding.line + lines,
    column: finding.line === 1 ? finding.column + columns : finding.column,
  }));
}

function mark(finding: Finding, text: Text): Diagnostic {
  const line = text.line(Math.min(finding.line, text.lines));
  // A column is one character; the editor counts in halves of pairs.
  const before = [...line.text].slice(0, finding.column - 1).join("").length;
  const from = Math.min(line.from + before, line.to);
  const token = /^(?:"(?:[^"\\]|\\.)*"|[\w.+-]+|.)/.exec(line.text.slice(before));
  return {
    from,
    to: Math.min(from + (token?.[0].length ?? 0), line.to),
    severity: finding.level,
    message: finding.hint ? `${finding.message} (${finding.hint})` : finding.message,
  };
}

/** The list below, as the server writes it where there are no scripts. */
function say(found: Finding[]): void {
  const place = document.getElementById("findings");
  if (!place) return;
  if (found.length === 0) {
    const nothing = document.createElement("p");
    nothing.className = "soft";
    nothing.textContent = "Nothing to say about this draft.";
    place.replaceChildren(nothing);
    return;
  }
  const list = document.createElement("ul");
  list.setAttribute("role", "list");
  list.className = "stack";
  for (const finding of found) {
    const item = document.createElement("li");
    item.className = `note ${finding.level === "error" ? "bad" : "warn"}`;
    const words = document.createElement("p");
    const where = document.createElement("strong");
    where.textContent = `Line ${finding.line}, column ${finding.column}`;
    words.append(where, ` ${finding.message}${finding.hint ? ` ${finding.hint}` : ""}`);
    item.append(words);
    list.append(item);
  }
  place.replaceChildren(list);
}
