// Puts an editor in the place of a textarea and keeps the textarea's text equal to its own.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, hoverTooltip, keymap, lineNumbers } from "@codemirror/view";
import { findings } from "./findings";
import { about, complete } from "./schema";
import { ink, look } from "./theme";

export function basicEditor(area: HTMLTextAreaElement): void {
  // The editor writes its own style sheet. In a shadow root that is an adopted one, which the content policy lets pass.
  const place = document.createElement("div");
  const root = place.attachShadow({ mode: "open" });
  const parent = document.createElement("div");
  root.append(parent);
  const label = document.querySelector<HTMLLabelElement>(`label[for="${area.id}"]`);
  const name = label?.textContent?.trim() ?? "";
  const view = new EditorView({
    root,
    parent,
    state: EditorState.create({
      doc: area.value,
      extensions: [
        lineNumbers(),
        foldGutter(),
        lintGutter(),
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        closeBrackets(),
        highlightActiveLine(),
        indentUnit.of("  "),
        EditorState.readOnly.of(area.readOnly),
        EditorView.contentAttributes.of({ tabindex: "0", "aria-label": name, "aria-description": "Tab leaves the editor." }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) area.value = update.state.doc.toString();
        }),
        json(),
        autocompletion({ override: [complete] }),
        hoverTooltip(about),
        findings(area),
        look,
        syntaxHighlighting(ink),
        // Tab is bound to nothing: it goes on to the next control, as in any other field.
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap, ...lintKeymap]),
      ],
    }),
  });
  area.hidden = true;
  area.after(place);
  if (label) {
    // It would lead to the hidden field.
    const said = document.createElement("span");
    said.className = "label";
    said.textContent = name;
    said.setAttribute("aria-hidden", "true");
    said.addEventListener("click", () => view.focus());
    label.replaceWith(said);
  }
  const jump = () => {
    const line = Number(/^#L(\d+)$/.exec(location.hash)?.[1]);
    if (!(line >= 1 && line <= view.state.doc.lines)) return;
    const at = view.state.doc.line(line).from;
    view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
    view.focus();
  };
  addEventListener("hashchange", jump);
  jump();
}
