// The app's side: one static page on an origin of its own, with the unpacked package under /rekindle/.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import sirv from "sirv";
import { engine } from "./engines.mjs";
import { makeFolder, unpack } from "./tarball.mjs";
import { witness } from "./witness.mjs";

const pages = fileURLToPath(new URL("./site", import.meta.url));

export async function startSite() {
  const folder = await makeFolder();
  /** Functions that run in each page before its own scripts, where the browser can be told of none. */
  const scripts = engine === "chromium" ? [] : [witness];
  /** What `witness` heard in the pages. */
  const said = [];

  function answer(request, response) {
    const path = request.url.replace(/\?.*/, "");
    if (path === "/said") return text(request).then((words) => { said.push(words); response.writeHead(204).end(); });
    if (!site.scripts.length || ![".html", ""].includes(extname(path))) return false;
    const page = readFileSync(`${pages}/${extname(path) ? path : "index.html"}`, "utf8");
    const added = site.scripts.map((script) => `<script>(${script})()</script>`).join("");
    setHeaders(response);
    return response.writeHead(200, { "content-type": "text/html;charset=utf-8", "cache-control": "no-cache" }).end(page.replace("<html", `${added}<html`));
  }

  // `single`: every path is the page, as in a single-page app, so that /callback needs no file.
  const server = await startStatic([["/rekindle", await unpack(folder.path)], ["", pages, { single: true }]], { first: answer });
  const site = {
    origin: server.origin,
    scripts,
    said,
    async close() {
      await server.close();
      await folder.remove();
    },
  };
  return site;
}

/** Serves folders, each below its own prefix. `first(request, response)` may set headers, or answer by itself, and is true then. */
export async function startStatic(folders, { port = 0, first = () => false } = {}) {
  const handlers = folders.map(([prefix, folder, options]) => [prefix, sirv(folder, { dev: true, etag: true, ...options, setHeaders })]);
  const server = createServer((request, response) => {
    if (first(request, response)) return;
    const [prefix, handler] = handlers.find(([prefix]) => request.url.startsWith(`${prefix}/`)) ?? [];
    if (!handler) return response.writeHead(404).end();
    request.url = request.url.slice(prefix.length);
    handler(request, response, () => response.writeHead(404).end());
  });
  await new Promise((listening) => server.listen(port, "127.0.0.1", listening));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

// A sandboxed frame has an opaque origin, to which this site's own scripts are foreign.
function setHeaders(response) {
  response.setHeader("access-control-allow-origin", "*");
}
