/**
 * Runs in each page where the driver does not tell what happens there: what it says goes to the site, `globalThis.witness` has the rest.
 */
export function witness() {
  const own = { posts: {}, isRestored: false };
  Object.defineProperty(globalThis, "witness", { value: own });
  const tell = (...words) => navigator.sendBeacon("/said", words.join(" "));
  for (const level of ["debug", "error", "info", "log", "warn"]) {
    const write = console[level];
    console[level] = (...words) => {
      tell(...words);
      write.apply(console, words);
    };
  }
  addEventListener("error", ({ message }) => tell(message));
  addEventListener("unhandledrejection", ({ reason }) => tell(reason));
  addEventListener("pageshow", ({ persisted }) => { own.isRestored = persisted; });
  const { fetch } = globalThis;
  globalThis.fetch = function (input, init) {
    if (init?.method === "POST") {
      const { pathname } = new URL(input, location.href);
      own.posts[pathname] = (own.posts[pathname] ?? 0) + 1;
    }
    return fetch.apply(this, arguments);
  };
}
