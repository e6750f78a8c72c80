// Introspects keys with openid-client, as a service written in JavaScript does. Standard input: {"url", "gate_token",
// "keys"}. The first argument is the folder that has the package.
import { webcrypto } from "node:crypto";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

globalThis.crypto ??= webcrypto; // Node.js 18
const require = createRequire(pathToFileURL(`${process.argv[2]}/`));
const oauth = await import(pathToFileURL(require.resolve("openid-client")));
const given = JSON.parse(await text(process.stdin));

async function configure(authenticate) {
  // Plain HTTP is what the server under test speaks.
  const options = { algorithm: "oauth2", execute: [oauth.allowInsecureRequests] };
  return oauth.discovery(new URL(given.url), "urn:my service", undefined, authenticate, options);
}

const methods = [oauth.ClientSecretBasic, oauth.ClientSecretPost];
const [good, wrong] = [[], []];
for (const method of methods) {
  const config = await configure(method(given.gate_token));
  good.push(await Promise.all(given.keys.map(key => oauth.tokenIntrospection(config, key))));
  const refused = await configure(method(`${given.gate_token.slice(0, -1)}!`));
  const status = oauth.tokenIntrospection(refused, given.keys[0]).then(
    () => 200,
    error => error.status ?? error.cause?.status ?? String(error),
  );
  wrong.push(await status);
}
console.log(JSON.stringify({ good, wrong }));
