// What our clients in JavaScript share: commands as JSON lines in, answers as JSON lines out, any number at the same time.
// Knows nothing of either line of the SDK; client.py says what the commands are.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { webcrypto } from "node:crypto";

// Node 18, which Debian 12 has, keeps it out of the globals, where the packages look for it.
globalThis.crypto ??= webcrypto;

const packages = createRequire(`${process.env.PORTCULLIS_TEST_REAL ?? fileURLToPath(new URL(".", import.meta.url))}/package.json`);
/** A module of the installed packages. */
export const load = (name) => import(pathToFileURL(packages.resolve(name)).href);
export const versionOf = (name) => packages(`./node_modules/${name}/package.json`).version;

export const chosen = (() => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      token: { type: "string" },
      era: { type: "string", default: "legacy" },
      "read-timeout": { type: "string", default: "60" },
      elicits: { type: "string", default: "forms" },
    },
  });
  const headers = values.token ? { Authorization: `Bearer ${values.token}` } : {};
  return { url: new URL(positionals[0]), era: values.era, timeout: Number(values["read-timeout"]) * 1000, headers, elicits: values.elicits };
})();

/** What our clients can do for a server, by what they were told to ask their person. */
export const capabilities = {
  sampling: {},
  ...{ nothing: {}, forms: { elicitation: {} }, urls: { elicitation: { form: {}, url: {} } } }[chosen.elicits],
  roots: { listChanged: true },
};

export const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

/** The error as JSON; `isProtocol`: it came as a JSON-RPC error. */
export const fault = (raised, isProtocol) => ({
  code: isProtocol ? raised.code : null,
  message: isProtocol ? raised.message : `${raised?.name}: ${raised?.message ?? raised}`,
  status: typeof raised?.code === "number" && !isProtocol ? raised.code : undefined,
  data: raised?.data ?? null,
});

export const asked = [];
export const heard = [];

/** Keeps a notification; that a resource changed is said at once. */
export function hasHeard(notification) {
  heard.push(notification);
  if (notification.method === "notifications/resources/updated") say({ updated: notification.params.uri });
}

/** The answers that our clients give to what servers ask. */
export const answersToServers = {
  "sampling/createMessage": async ({ method, params }) => {
    asked.push({ method, params });
    const content = { type: "text", text: "sampled by the test's client" };
    return { role: "assistant", content, model: "none", stopReason: "endTurn" };
  },
  "elicitation/create": async ({ method, params }) => {
    asked.push({ method, params });
    return params.mode === "url" ? { action: "accept" } : { action: "accept", content: { name: "Ada" } };
  },
  "roots/list": async ({ method }) => {
    asked.push({ method });
    return { roots: [{ uri: "file:///srv/test", name: "test" }] };
  },
};

/** Every page of a list, as one. */
export async function pages(kind, ask) {
  const items = [];
  let cursor;
  do {
    const page = await ask(cursor ? { cursor } : undefined);
    items.push(...page[kind]);
    cursor = page.nextCursor;
  } while (cursor);
  return { [kind]: items };
}

/** What collects a call's steps, and says each at once; none where the command wants none. */
export function progressOf({ id, progress }, steps) {
  if (!progress) return undefined;
  return ({ progress: done, total = null, message = null }) => {
    steps.push([done, total, message]);
    say({ id, step: [done, total, message] });
  };
}

/** Carries out commands until standard input ends, and waits for the last of them. `answers`: command → result. */
export async function drive(answers, faultOf) {
  const running = new Map();
  const all = {
    ...answers,
    cancel: async ({ call }) => (running.get(call).abort(new Error("given up by the test")), {}),
    heard: async () => ({ notifications: heard, asked }),
  };
  const carryOut = async (line) => {
    let command = {};
    try {
      command = JSON.parse(line);
      const giveUp = new AbortController();
      running.set(command.id, giveUp);
      if (!Object.hasOwn(all, command.do)) throw new Error(`unknown command \`${command.do}\``);
      say({ id: command.id, result: await all[command.do](command, giveUp.signal) });
    } catch (raised) {
      say({ id: command.id ?? null, error: faultOf(raised) });
    } finally {
      running.delete(command.id);
    }
  };
  const tasks = new Set();
  for await (const line of createInterface({ input: process.stdin })) {
    if (!line.trim()) continue;
    const task = carryOut(line).finally(() => tasks.delete(task));
    tasks.add(task);
  }
  await Promise.all(tasks);
}

// A pipe is written later than `write` returns: leaving at once would lose the last answers.
export const leave = () => process.stdout.write("", () => process.exit(0));
