// A resource server on an origin of its own, that any page may call. It takes every access token but those that a test has it refuse,
// and writes down what came.

import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";

const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "*",
  "access-control-allow-headers": "authorization, content-type, x-own",
  "access-control-expose-headers": "www-authenticate",
};

export async function startApi() {
  const requests = [];
  const refused = new Set();
  const answers = [];

  async function answerTo(seen) {
    const token = /^Bearer (.+)$/.exec(seen.headers.authorization ?? "")?.[1];
    const next = answers.shift();
    if (next) return next(seen);
    if (!token || refused.has(token)) return { status: 401, headers: { "www-authenticate": 'Bearer error="invalid_token"' } };
    return { status: 200, body: JSON.stringify({ hello: seen.path }) };
  }

  const server = createServer(async (request, response) => {
    if (request.method === "OPTIONS") return response.writeHead(204, { ...CORS, connection: "close" }).end();
    const { method, url: path, headers } = request;
    const seen = { method, path, headers, body: (await buffer(request)).toString("latin1") };
    requests.push(seen);
    const answer = await answerTo(seen);
    if (!answer) return response.destroy();
    // On a kept connection Chromium would send a call again by itself when the next one is dropped.
    return response.writeHead(answer.status, { ...CORS, connection: "close", ...answer.headers }).end(answer.body);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));

  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    /** The requests since `forget`, without preflights. */
    requests,
    /** Answers 401 to this access token from now on. */
    refuse: (token) => refused.add(token),
    /** The next answer is what `answer(request)` gives: `{ status, headers, body }`, or nothing for a dropped connection. */
    next: (answer) => answers.push(answer),
    forget() {
      for (const list of [requests, answers]) list.length = 0;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** A 401 with these challenges. */
export const challenged = (...challenges) => () => ({ status: 401, headers: { "www-authenticate": challenges } });
