// The app's side: one static page on an origin of its own, with the unpacked package under /rekindle/.

import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import sirv from "sirv";
import { makeFolder, unpack } from "./tarball.mjs";

const pages = fileURLToPath(new URL("./site", import.meta.url));

export async function startSite() {
  const folder = await makeFolder();
  // `single`: every path is the page, as in a single-page app, so that /callback needs no file.
  const site = await startStatic([["/rekindle", await unpack(folder.path)], ["", pages, { single: true }]]);
  return {
    ...site,
    async close() {
      await site.close();
      await folder.remove();
    },
  };
}

/** Serves folders, each below its own prefix. `first(request, response)` may set headers, or answer by itself, and is true then. */
export async function startStatic(folders, { port = 0, first = () => false } = {}) {
  const handlers = folders.map(([prefix, folder, options]) => [prefix, sirv(folder, { dev: true, etag: true, ...options, setHeaders })]);
  const server = createServer((request, response) => {
    if (first(request, response)) return;
    const [prefix, handler] = handlers.find(([prefix]) => request.url.startsWith(`${prefix}/`));
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
