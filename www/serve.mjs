// Serves the demo: the page and the built package on one origin, the embedded authorization server on another.
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import sirv from "sirv";

import { demoUser, startOidcProvider } from "../tests/servers/oidc_provider.mjs";
import { createApi } from "./api.mjs";

const pagePort = 4400;
const issuerPort = 4401;
const scope = "openid profile email offline_access";
const usage = `Options:
  --issuer URL      an authorization server of yours, instead of the embedded one; needs --client-id
  --client-id ID    the client id of a public single-page app there
  --port NUMBER     the page's port (default: ${pagePort}, or a free one where that is taken)`;

const { issuer, "client-id": clientId, port } = options();

const packageFolder = fileURLToPath(new URL("../target/npm/package", import.meta.url));
if (!existsSync(`${packageFolder}/index.js`)) fail(`There is no package in ${packageFolder}: run "cargo xtask build" first.`);

const pages = createServer();
await listen(pages, port);
const origin = `http://localhost:${pages.address().port}`;

// What the page starts with; it reads this as config.json.
const config = issuer ? { issuer, clientId, scope, user: null } : await embedded();

// `dev` reads the files anew for each request, so that a reload shows what was just edited or built.
const files = { dev: true, setHeaders: (res) => res.setHeader("X-Content-Type-Options", "nosniff") };
const page = sirv(fileURLToPath(new URL(".", import.meta.url)), files);
const sdk = sirv(packageFolder, files);
const packagePath = "/rekindle";
const api = createApi(config);
pages.on("request", (req, res) => {
  if (req.url === "/config.json") {
    res.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "no-store" }).end(JSON.stringify(config));
  } else if (req.url.startsWith("/api/")) {
    api(req, res);
  } else if (req.url.startsWith(`${packagePath}/`)) {
    req.url = req.url.slice(packagePath.length);
    sdk(req, res);
  } else {
    page(req, res);
  }
});

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(0));

console.log(`Authorization server: ${config.issuer}${config.user ? " (embedded)" : ""}`);
console.log(`Client id: ${config.clientId}`);
if (config.user) console.log(`Demo user: ${config.user.login}, password ${config.user.password}`);
else console.log(`Sign-in and sign-out redirect URI: ${origin}/   Trusted origin (CORS): ${origin}`);
console.log("Ctrl-C ends it.");
console.log(`Demo: ${origin}/`);

async function embedded() {
  const client = { clientId: clientId ?? "rekindle-demo", redirectUris: [`${origin}/`], postLogoutRedirectUris: [`${origin}/`], origins: [origin] };
  const start = (port) => startOidcProvider({ port, layout: "okta", clients: [client] });
  const server = await start(issuerPort).catch((error) => (error.code === "EADDRINUSE" ? start(0) : Promise.reject(error)));
  return { issuer: server.issuer, clientId: client.clientId, scope, user: { login: demoUser.login, password: demoUser.password } };
}

/** A port that was asked for is taken or refused; the default one may give way to a free one. */
async function listen(server, port) {
  for (const candidate of port === undefined ? [pagePort, 0] : [port]) {
    try {
      server.listen(candidate, "127.0.0.1");
      await once(server, "listening");
      return;
    } catch (error) {
      if (error.code === "EACCES") fail(`Port ${port} is not for everybody: give a --port above 1023, or none to get a free one.`);
      if (error.code !== "EADDRINUSE") throw error;
    }
  }
  fail(`Port ${port} is taken: give another --port, or none to get a free one.`);
}

function options() {
  let values;
  try {
    ({ values } = parseArgs({
      options: { issuer: { type: "string" }, "client-id": { type: "string" }, port: { type: "string" }, help: { type: "boolean" } },
    }));
  } catch (error) {
    fail(`${error.message}\n${usage}`);
  }
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  if (values.issuer !== undefined && values["client-id"] === undefined) fail(`--issuer needs --client-id.\n${usage}`);
  if (values.port === undefined) return values;
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535) fail(`--port has to be a number up to 65535.\n${usage}`);
  return { ...values, port };
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
