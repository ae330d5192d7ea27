// Words that may stand where the cursor is, and what they mean, out of the published JSON Schema of a policy.
import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { syntaxTree } from "@codemirror/language";
import type { EditorState } from "@codemirror/state";
import type { EditorView, Tooltip } from "@codemirror/view";
import type { SyntaxNode } from "@lezer/common";

interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  propertyNames?: Schema;
  items?: Schema;
  anyOf?: Schema[];
  if?: Schema & { required?: string[] };
  then?: Schema;
  else?: Schema;
  enum?: unknown[];
  const?: unknown;
  type?: string | string[];
  description?: string;
}

let known: Promise<Schema> | undefined;

function root(): Promise<Schema> {
  known ??= fetch("/v1/policy.schema.json").then((answer) => {
    if (!answer.ok) {
      known = undefined;
      throw new Error(String(answer.status));
    }
    return answer.json() as Promise<Schema>;
  });
  return known;
}

/** Everything that a schema may mean: behind references, and on both sides of every fork. */
function meanings(schema: Schema, whole: Schema, seen = new Set<Schema>()): Schema[] {
  if (seen.has(schema)) return [];
  seen.add(schema);
  const forks = [...(schema.anyOf ?? []), ...(schema.if?.required && schema.then ? [schema.then] : []), ...(schema.else ? [schema.else] : [])];
  if (schema.$ref) {
    const target = whole.$defs?.[schema.$ref.replace("#/$defs/", "")];
    if (target) forks.push(target);
  }
  return [schema, ...forks.flatMap((fork) => meanings(fork, whole, seen))];
}

function below(schemas: Schema[], step: string | number, whole: Schema): Schema[] {
  const inside = schemas.flatMap((schema) => {
    if (typeof step === "number") return schema.items ? [schema.items] : [];
    const named = schema.properties?.[step];
    if (named) return [named];
    return typeof schema.additionalProperties === "object" ? [schema.additionalProperties] : [];
  });
  return inside.flatMap((schema) => meanings(schema, whole));
}

const text = (state: EditorState, node: SyntaxNode) => {
  const raw = state.sliceDoc(node.from, node.to);
  try {
    return String(JSON.parse(raw));
  } catch {
    return raw.replace(/^"|"$/g, "");
  }
};

/** The keys and indexes that lead from the top to this node. */
function way(state: EditorState, node: SyntaxNode): (string | number)[] {
  const steps: (string | number)[] = [];
  for (let at: SyntaxNode | null = node; at?.parent; at = at.parent) {
    if (at.parent.name === "Array" && !"[],".includes(at.name)) {
      let index = 0;
      for (let before = at.prevSibling; before; before = before.prevSibling) if (!"[],".includes(before.name) && before.name !== "⚠") index += 1;
      steps.unshift(index);
    }
    if (at.name === "Property") {
      const key = at.getChild("PropertyName");
      if (key) steps.unshift(text(state, key));
    }
  }
  return steps;
}

async function at(steps: (string | number)[]): Promise<Schema[]> {
  const whole = await root();
  return steps.reduce((schemas, step) => below(schemas, step, whole), meanings(whole, whole));
}

export async function complete(context: CompletionContext): Promise<CompletionResult | null> {
  const { state, pos } = context;
  const here = syntaxTree(state).resolveInner(pos, -1);
  const isText = here.name === "String" || here.name === "PropertyName";
  const quoted = isText && here.from < pos && !(pos === here.to && pos - here.from > 1 && state.sliceDoc(pos - 1, pos) === '"') ? here : undefined;
  const word = context.matchBefore(/[\w@]*/);
  if (!context.explicit && !quoted && (!word || word.from === word.to)) return null;
  const from = quoted?.from ?? word?.from ?? pos;
  const to = quoted?.to ?? pos;
  const before = state.sliceDoc(0, from).trimEnd();
  // Between the signs of a document nothing stands yet: the sign before says what may.
  const node = quoted ?? syntaxTree(state).resolveInner(before.length, -1);
  const holder = nearest(node, ["Object", "Array"]);
  const isKey = quoted ? quoted.name === "PropertyName" || (holder?.name === "Object" && /[{,]$/.test(before)) : holder?.name === "Object" && /[{,]$/.test(before);
  try {
    const options = isKey && holder ? await keys(state, holder, quoted, to) : await values(state, node);
    // A lone quote is nothing to compare words with.
    return options.length > 0 ? { from, to, options, filter: state.sliceDoc(from, pos) !== '"' } : null;
  } catch {
    return null;
  }
}

function nearest(node: SyntaxNode, names: string[]): SyntaxNode | null {
  let at: SyntaxNode | null = node;
  while (at && !names.includes(at.name)) at = at.parent;
  return at;
}

async function keys(state: EditorState, holder: SyntaxNode, typed: SyntaxNode | undefined, to: number): Promise<Completion[]> {
  const names = holder.getChildren("Property").map((property) => property.getChild("PropertyName"));
  const there = new Set(names.filter((name) => name && name.from !== typed?.from).map((name) => (name ? text(state, name) : "")));
  const colon = /^\s*:/.test(state.sliceDoc(to, to + 8)) ? "" : ": ";
  const found = new Map<string, Completion>();
  for (const schema of await at(way(state, holder))) {
    for (const [key, inside] of Object.entries(schema.properties ?? {})) {
      const label = JSON.stringify(key);
      if (!there.has(key)) found.set(key, { label, apply: label + colon, type: "property", info: inside.description });
    }
  }
  return [...found.values()];
}

async function values(state: EditorState, node: SyntaxNode): Promise<Completion[]> {
  let place: SyntaxNode | null = node;
  while (place && place.name !== "Property" && place.name !== "Array" && place.parent?.name !== "Array") place = place.parent;
  if (!place) return [];
  const steps = way(state, place);
  if (place.name === "Array") steps.push(0);
  const words = (await at(steps)).flatMap((schema) => [
    ...(schema.enum ?? []),
    ...(schema.const === undefined ? [] : [schema.const]),
    ...(schema.type === "boolean" ? [true, false] : []),
  ]);
  return [...new Set(words)].map((word) => ({ label: JSON.stringify(word), type: "constant" }));
}

/** What a key means, where the pointer rests on it. */
export async function about(view: EditorView, pos: number): Promise<Tooltip | null> {
  const node = syntaxTree(view.state).resolveInner(pos, 1);
  if (node.name !== "PropertyName" || !node.parent) return null;
  try {
    const said = (await at(way(view.state, node.parent))).find((schema) => schema.description)?.description;
    if (!said) return null;
    return {
      pos: node.from,
      end: node.to,
      above: true,
      create: () => {
        const dom = document.createElement("div");
        dom.className = "about";
        dom.textContent = said;
        return { dom };
      },
    };
  } catch {
    return null;
  }
}
