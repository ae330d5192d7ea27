// Calls as they are recorded: new rows on top of the list, and the first call of a grant that waits for it.
import { localTimes } from "./time";

interface Call {
  id: string;
  at: string;
  grant: string;
  server: string;
  method: string;
  tool: string | null;
  verdict: string;
  outcome: string | null;
  latency_ms: number | null;
}

/** No list grows longer than this, nor what waits while it stands still. */
const MOST = 200;
const TAGS: Record<string, string> = { allow: "good", deny: "bad", limit: "warn", hold: "hold" };

for (const place of document.querySelectorAll<HTMLElement>("[data-follow]")) list(place);
for (const place of document.querySelectorAll<HTMLElement>("[data-first-call]")) first(place);

function stream(url: string, seen: (call: Call) => void, state: (isLive: boolean) => void): EventSource {
  const source = new EventSource(url);
  source.addEventListener("listening", () => state(true));
  source.addEventListener("call", (event) => seen(JSON.parse((event as MessageEvent<string>).data) as Call));
  source.addEventListener("error", () => {
    state(false);
    // A browser does not try again after an answer that is no stream, as when too many follow.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => stream(url, seen, state), 30_000);
  });
  return source;
}

function list(place: HTMLElement): void {
  const rows = place.querySelector("tbody");
  const pattern = place.querySelector("template");
  const bar = document.createElement("p");
  const said = document.createElement("span");
  const button = document.createElement("button");
  if (!rows || !pattern) return;
  bar.className = "row live";
  said.setAttribute("role", "status");
  said.textContent = "Connecting…";
  button.type = "button";
  button.textContent = "Pause";
  bar.append(said, button);
  place.prepend(bar);

  let isPaused = false;
  let isLive = false;
  const waiting = new Map<string, Call>();
  const say = () => {
    const live = isLive ? "Live: new calls appear on top." : "Not connected; trying again.";
    said.textContent = isPaused ? `Paused${waiting.size > 0 ? `; ${waiting.size} waiting` : ""}.` : live;
  };
  button.addEventListener("click", () => {
    isPaused = !isPaused;
    button.textContent = isPaused ? "Go on" : "Pause";
    if (!isPaused) {
      for (const call of waiting.values()) put(place, rows, pattern, call);
      waiting.clear();
    }
    say();
  });
  const seen = (call: Call) => {
    if (!isPaused) return put(place, rows, pattern, call);
    waiting.set(call.id, call);
    const oldest = waiting.keys().next();
    if (waiting.size > MOST && !oldest.done) waiting.delete(oldest.value);
    say();
  };
  stream(place.dataset.follow ?? "", seen, (live) => {
    isLive = live;
    say();
  });
}

function put(place: HTMLElement, rows: HTMLElement, pattern: HTMLTemplateElement, call: Call): void {
  const known = rows.querySelector<HTMLElement>(`[data-call="${CSS.escape(call.id)}"]`);
  const row = known ?? (pattern.content.firstElementChild?.cloneNode(true) as HTMLElement | undefined);
  if (!row) return;
  row.dataset.call = call.id;
  const of = <T extends HTMLElement>(name: string) => row.querySelector<T>(`[data-of="${name}"]`);
  const org = place.dataset.org ?? "";
  const [link, verdict, server, grant] = [of<HTMLAnchorElement>("link"), of("verdict"), of("server"), of<HTMLAnchorElement>("grant")];
  if (link) link.href = `/${org}/calls/${call.id}`;
  const time = of<HTMLTimeElement>("time");
  if (time) time.dateTime = call.at;
  if (verdict) {
    verdict.textContent = call.verdict;
    verdict.className = `tag ${TAGS[call.verdict] ?? ""}`.trim();
  }
  write(of("tool"), call.tool ?? call.method);
  write(of("outcome"), call.outcome ?? "–");
  write(of("took"), call.latency_ms === null ? "–" : `${call.latency_ms.toFixed(1)} ms`);
  if (server) void named(org, "servers", call.server).then((name) => write(server, name));
  if (grant) {
    grant.href = `/${org}/grants/${call.grant}`;
    void named(org, "grants", call.grant).then((name) => write(grant, name));
  }
  if (!known) {
    rows.prepend(row);
    localTimes(row);
    while (rows.children.length > MOST) rows.lastElementChild?.remove();
    for (const hidden of place.querySelectorAll<HTMLElement>("[data-when]")) hidden.hidden = hidden.dataset.when === "empty";
  }
}

function write(place: HTMLElement | null, text: string): void {
  if (place) place.textContent = text;
}

const names = new Map<string, Promise<string>>();

/** What people call it; asked for once. */
function named(org: string, kind: "servers" | "grants", id: string): Promise<string> {
  let name = names.get(id);
  if (!name) {
    name = fetch(`/v1/orgs/${org}/${kind}/${id}`)
      .then(async (answer) => (answer.ok ? String(((await answer.json()) as { name: unknown }).name) : "removed"))
      .catch(() => id);
    names.set(id, name);
  }
  return name;
}

function first(place: HTMLElement): void {
  const [said, link] = [place.querySelector<HTMLElement>("[data-of=said]"), place.querySelector<HTMLAnchorElement>("a")];
  write(said, "Waiting for the first call: use the client, and it appears here.");
  const source = stream(
    place.dataset.firstCall ?? "",
    (call) => {
      source.close();
      place.classList.add("good");
      write(said, `The first call has come: ${call.verdict} ${call.tool ?? call.method}.`);
      if (link) {
        link.href = `/${place.dataset.org ?? ""}/calls/${call.id}`;
        link.textContent = "Look at it";
      }
    },
    () => {},
  );
}
