// Runs the npm package `oidc-provider` on loopback: an OpenID provider that signs anybody in under the name they type.
//
//     oidc.mjs --redirect URI      says `{"listening": ISSUER}` once
//
// Its own forms for signing in and for consent are served (`devInteractions`). Whoever is called `unverified…` has an
// address that the provider does not vouch for.

import { webcrypto } from "node:crypto";
import { fstatSync } from "node:fs";
import { createServer } from "node:http";
import { parseArgs } from "node:util";

// Node 18, which Debian 12 has, keeps it out of the globals, where the package looks for it.
globalThis.crypto ??= webcrypto;

const { values } = parseArgs({ options: { redirect: { type: "string" } } });

const say = console.log;
for (const word of ["log", "info", "warn"]) {
  console[word] = (...words) => console.error(...words);
}

const input = fstatSync(0);
if (input.isFIFO() || input.isSocket()) {
  process.stdin.on("end", () => process.exit(0)).resume();
}

const root = process.env.PORTCULLIS_TEST_REAL;
const entry = "node_modules/oidc-provider/lib/index.js";
const { default: Provider } = await import(root ? `file://${root}/${entry}` : new URL(entry, import.meta.url).href);

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: "gate", client_secret: "canary-of-the-client", redirect_uris: [values.redirect] }],
    cookies: { keys: ["only for tests"] },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: id, email_verified: !id.startsWith("unverified"), name: `The ${id}` }),
    }),
    pkce: { required: () => true },
  });
  server.on("request", provider.callback());
  say(JSON.stringify({ listening: issuer }));
});
