// A fetch that keeps a record of what goes over the wire, to hand to the SDK as `config.fetch`.
import { shown, shownBody, shownHeader, shownUrl } from "./secrets.js";

/**
 * Records are made with their secrets shortened, so that the log never holds one.
 *
 * @param {(exchange: object) => void} onChange Called when a request is sent, and again when its answer is there.
 * @returns A function to be used like `fetch`, with `count`: the number of requests so far.
 */
export function recordingFetch(onChange) {
  async function wireFetch(url, init = {}) {
    wireFetch.count += 1;
    const sentAt = performance.now();
    const exchange = { number: wireFetch.count, at: Date.now(), request: requestRecord(url, init), answer: null, failure: null, ms: null };
    onChange(exchange);
    try {
      const response = await fetch(url, init);
      exchange.ms = performance.now() - sentAt;
      // The SDK gets its answer now; the log reads a copy when it can.
      answerRecord(response.clone()).then((answer) => onChange(Object.assign(exchange, { answer })));
      return response;
    } catch (error) {
      onChange(Object.assign(exchange, { ms: performance.now() - sentAt, failure: String(error) }));
      throw error;
    }
  }
  wireFetch.count = 0;
  return wireFetch;
}

function requestRecord(url, init) {
  return {
    method: init.method ?? "GET",
    url: shownUrl(url),
    headers: [...new Headers(init.headers)].map(([name, value]) => [name, shownHeader(name, value)]),
    // The Fetch settings say what the browser adds to the request, or leaves out.
    settings: ["credentials", "cache", "redirect", "referrerPolicy"].filter((name) => init[name]).map((name) => [name, init[name]]),
    fields: [...new URLSearchParams(init.body ?? "")].map(([name, value]) => [name, shown(name, value)]),
  };
}

async function answerRecord(response) {
  const { status, statusText, headers } = response;
  const body = await response.text().catch((error) => String(error));
  return { status, statusText, headers: [...headers], body: shownBody(body) };
}
