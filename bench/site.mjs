// The app's side: the built pages, compressed as a web server would send them, and one that is blank.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { compress } from "./bytes.mjs";

const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html" };

/** `log` and `roundTripMs` are as the authorization server's. `config` is what each page finds as `globalThis.config`. */
export async function startSite(folder) {
  const site = { roundTripMs: 0, log: [], config: {} };
  const compressed = new Map();

  const http = createServer(async (request, response) => {
    const path = request.url.split("?")[0];
    const entry = { path, method: request.method, began: performance.now() };
    site.log.push(entry);
    const file = await content(path);
    if (site.roundTripMs) await new Promise((later) => setTimeout(later, site.roundTripMs));
    entry.ended = performance.now();
    // A cold start is a first visit.
    response.setHeader("cache-control", "no-store");
    if (!file) {
      response.writeHead(404).end();
      return;
    }
    response.setHeader("content-type", file.type);
    response.setHeader("content-encoding", "br");
    response.end(file.body);
  });

  async function content(path) {
    if (path === "/blank/") return { type: TYPES[".html"], body: compress(Buffer.from(html())) };
    if (path.endsWith("/")) {
      // Vite names its entry as it likes: its index.html says how.
      const built = await readFile(join(folder, path, "index.html"), "utf8").catch(() => "");
      const main = built.match(/src="([^"]+)"/)?.[1] ?? "./main.js";
      return { type: TYPES[".html"], body: compress(Buffer.from(html(`<script type="module" src="${main}"></script>`))) };
    }
    if (!compressed.has(path)) {
      const bytes = await readFile(join(folder, path)).catch(() => undefined);
      compressed.set(path, bytes && { type: TYPES[extname(path)], body: compress(bytes) });
    }
    return compressed.get(path);
  }

  const html = (script = "") => `<!doctype html>
<meta charset="utf-8">
<title>Benchmark</title>
<link rel="icon" href="data:,">
<script>config = ${JSON.stringify(site.config)}</script>
${script}
`;

  await new Promise((listening) => http.listen(0, "127.0.0.1", listening));
  return Object.assign(site, {
    origin: `http://127.0.0.1:${http.address().port}`,
    async close() {
      http.closeAllConnections();
      await new Promise((closed) => http.close(closed));
    },
  });
}
