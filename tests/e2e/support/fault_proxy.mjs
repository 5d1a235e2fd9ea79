// A reverse proxy on loopback in front of the real authorization server. It records what the browser sent, and spoils
// the next answer of a path when told to. The server behind stays real: a fault decides whether it sees the request.

import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { proxyFetch } from "httpxy";

/** Starts the proxy. The server's own address comes later, with `forwardTo`, since it wants to know the proxy's first. */
export async function startFaultProxy() {
  const history = [];
  const connections = [];
  const faults = new Map();
  const habits = new Map();
  let always = {};
  let target;
  let forgotten = 0;

  async function serve(request, response) {
    const url = new URL(request.url, origin);
    // The browser's own, whenever it likes.
    if (url.pathname === "/favicon.ico") return response.writeHead(204).end();
    const seen = {
      at: Date.now(),
      method: request.method,
      path: url.pathname,
      query: [...url.searchParams],
      headers: request.headers,
      body: (await buffer(request)).toString(),
      connection: request.socket.remotePort,
    };
    history.push(seen);
    const exchange = {
      request: seen,
      response,
      forward: async () => {
        const genuine = await forward(target, url, seen);
        return { ...genuine, headers: { ...genuine.headers, ...always } };
      },
      reply(answer) {
        seen.answer = answer;
        reply(response, answer, seen.headers.origin);
      },
    };
    const fault = request.method === "OPTIONS" ? undefined : (faults.get(seen.path)?.shift() ?? habits.get(seen.path));
    await (fault ?? pass)(exchange);
  }

  const server = createServer((request, response) => {
    // A client that goes away in the middle is part of the game; its socket is then gone as well.
    serve(request, response).catch((error) => response.destroy(error));
  });
  server.on("connection", ({ remotePort }) => connections.push(remotePort));
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const origin = `http://127.0.0.1:${server.address().port}`;

  return {
    origin,
    /** Every connection since the start, by its port at the browser's end: a request's `connection`. */
    connections,
    /** Everything since the start, each request with the answer that the browser got. */
    history,
    forwardTo(address) { target = address; },
    /** Spoils the next answer of `path`; called again, the one after that too. */
    next(path, fault) {
      if (!faults.has(path)) faults.set(path, []);
      faults.get(path).push(fault);
    },
    /** Does this to every answer of `path` that `next` says nothing of. */
    always(path, fault) { habits.set(path, fault); },
    /** Adds headers to every answer of the server. */
    addHeaders(headers) { always = headers; },
    /** The requests since `forget`. */
    recent: () => history.slice(forgotten),
    /** Those of them that asked `path`, without the preflights. */
    to: (path) => history.slice(forgotten).filter((request) => request.path === path && request.method !== "OPTIONS"),
    /** A new test begins; a fault that nobody met would otherwise hit it. */
    forget() {
      forgotten = history.length;
      faults.clear();
      habits.clear();
      always = {};
    },
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

// The faults. Each takes one exchange and ends it.

/** Answers in the server's place: it never sees the request. */
export const answer = (status, body, headers = {}) => ({ reply }) =>
  reply({ status, headers: { "content-type": "application/json", ...headers }, body: text(body) });

/** Lets the server answer, and sends what `change` makes of the JSON in it. */
export const edited = (change) => async ({ forward, reply }) => {
  const genuine = await forward();
  const body = text(change(JSON.parse(genuine.body)));
  const { "content-length": _, ...headers } = genuine.headers;
  reply({ ...genuine, headers, body });
};

/** Lets the server answer, and sends something else in place of it. */
export const replaced = (status, body, headers) => async (exchange) => {
  await exchange.forward();
  await answer(status, body, headers)(exchange);
};

/** Closes the connection; the server never sees the request. */
export const dropped = ({ response }) => response.destroy();

/** Lets the server answer, and closes the connection in place of answering. */
export const droppedAfter = async ({ forward, response }) => {
  await forward();
  response.destroy();
};

/** An answer that no page of another origin may read, as gateways send them. */
export const withoutCors = (status, body) => ({ response }) => {
  response.writeHead(status, { "content-type": "application/json", connection: "close" });
  response.end(text(body));
};

/** Sends the headers and the beginning of the body, then nothing more. */
export const stalled = (body) => ({ request, response }) => {
  response.writeHead(200, { "content-type": "application/json", ...cors(request.headers.origin) });
  response.write(body);
};

/** No answer at all; the server never sees the request. */
export const silent = () => {};

/** Lets the server answer, and takes so long over it, or until `ready()` resolves where that is later. */
export const slow = (ms, ready = () => {}) => async ({ forward, reply }) => {
  const genuine = await forward();
  await Promise.all([delay(ms), ready()]);
  reply(genuine);
};

/**
 * Lets the server answer and keeps the answer back until `release()`. `reached` resolves when the server has answered.
 */
export function held() {
  let arrived;
  let release;
  const reached = new Promise((resolve) => { arrived = resolve; });
  const released = new Promise((resolve) => { release = resolve; });
  return {
    reached,
    release,
    fault: async ({ forward, reply }) => {
      const genuine = await forward();
      arrived(genuine);
      await released;
      reply(genuine);
    },
  };
}

/**
 * Keeps the request back until `release()`, and does to it then what `fault` says: by default it goes on to the server.
 * `reached` resolves when the browser has sent it.
 */
export function postponed(fault = pass) {
  let arrived;
  let release;
  const reached = new Promise((resolve) => { arrived = resolve; });
  const released = new Promise((resolve) => { release = resolve; });
  return {
    reached,
    release,
    fault: async (exchange) => {
      arrived();
      await released;
      await fault(exchange);
    },
  };
}

const pass = async ({ forward, reply }) => reply(await forward());

async function forward(target, url, { method, headers, body }) {
  const answer = await proxyFetch(target, url, { method, headers, body: body === "" ? undefined : body });
  return {
    status: answer.status,
    headers: { ...Object.fromEntries(answer.headers), "set-cookie": answer.headers.getSetCookie() },
    body: await answer.text(),
  };
}

function reply(response, { status, headers, body }, origin) {
  // On a kept connection Chromium would send a POST again by itself when the next fault closes it.
  response.writeHead(status, { ...cors(origin), ...headers, connection: "close" });
  response.end(body);
}

function cors(origin) {
  return origin === undefined ? {} : { "access-control-allow-origin": origin, vary: "Origin" };
}

function text(body) {
  return typeof body === "string" ? body : JSON.stringify(body);
}
