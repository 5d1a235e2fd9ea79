// Windows of any browser, over the one connection that WebDriver has: one command after the other, each in its window. What a page does
// goes on meanwhile, so many windows are at work at one moment all the same.

import { By } from "selenium-webdriver";
import { Command, Name } from "selenium-webdriver/lib/command.js";
import { inPage, settled, settling } from "./browser.mjs";
import { kill, processOf } from "./processes.mjs";
import { until } from "./until.mjs";

/** Looked at so often whether a page's work has ended. */
const LOOK_MS = 20;

const sharings = new WeakMap();

/** As `startCdp`. The scripts come with the site's pages, and what is said goes to the site. */
export async function startWebDriver(stage, scripts) {
  const { driver, site } = stage;
  if (!sharings.has(driver)) sharings.set(driver, shared(driver, await driver.getWindowHandle()));
  const windows = sharings.get(driver);
  // Where it has the servers' cookies at hand, to forget them: a driver gives and takes those of its page's host.
  await driver.get(site.origin);
  const before = site.scripts;
  site.scripts = [...before, ...scripts];

  function attach(handle) {
    let hasCrashed = false;
    // A command to a page without a process is answered by nobody.
    const own = windows.seenFrom(handle, () => {
      if (hasCrashed) throw new Error("the page has crashed");
    });

    async function run(code, args) {
      let outcome = await own.executeAsyncScript(inPage(begin(code)), JSON.stringify(args), LOOK_MS);
      while (typeof outcome === "number") outcome = await own.executeAsyncScript(inPage(look), outcome, LOOK_MS);
      return settled(outcome);
    }

    return {
      get hasCrashed() { return hasCrashed; },
      run,
      sent: () => own.executeScript("return window.witness.posts[arguments[0]] ?? 0", stage.paths.token),
      load: (url) => own.get(url),

      reload() {
        hasCrashed = false;
        return own.navigate().refresh();
      },

      process: () => windows.process(handle),
      async crash() {
        const id = await windows.process(handle);
        hasCrashed = true;
        await windows.idle();
        await kill(id);
        await until(() => windows.isOfBrowser(handle), "the browser shows a page of its own there");
      },

      async leave(begin) {
        const before = await own.getCurrentUrl();
        // As a user's click: a page that signs in again and again without one is stopped.
        await own.actions().sendKeys("a").perform();
        await begin();
        await until(async () => (await own.getCurrentUrl()) !== before, "another page is there");
      },

      address: () => own.getCurrentUrl(),

      async back() {
        const before = await own.getCurrentUrl();
        await own.navigate().back();
        await until(async () => (await own.getCurrentUrl()) !== before, "another page is there");
        const isRestored = await until(() => own.executeScript("return window.witness ? [window.witness.isRestored] : null"), "the page before is there");
        return { isRestored: isRestored[0], reasons: [] };
      },

      click: (id) => own.findElement(By.id(id)).click(),
      press: (key) => own.actions().sendKeys(key).perform(),

      close: () => own.close().catch(() => {}),
    };
  }

  return {
    create: async () => attach(await windows.create()),

    /** With a click, for a browser opens no window of a page's own accord. */
    async opened(path, opener) {
      await opener.run((path) => {
        document.getElementById("sign-in").onclick = () => void globalThis.open(path);
      }, [path]);
      const opened = attach(await windows.opened(() => opener.click("sign-in")));
      await until(async () => (await opened.address()).endsWith(path), "the window opens");
      await until(() => opened.run(() => document.readyState === "complete", []), "the window loads");
      return opened;
    },

    close: async () => { site.scripts = before; },
  };
}

/** The outcome of some work of the page, as `settled` reads it, or its number where it goes on for longer. */
const orLater = "Promise.race([window.outcomes[id], new Promise((end) => { setTimeout(end, patience, id); })]).then(done)";
const begin = (code) => `(args, patience, done) => {
  const id = (window.outcomes ??= []).push((${settling(code)})(args)) - 1;
  ${orLater};
}`;
const look = `(id, patience, done) => { ${orLater}; }`;

const busyFor = (ms) => new Command(Name.EXECUTE_SCRIPT)
  .setParameter("script", "const end = Date.now() + arguments[0]; while (Date.now() < end);")
  .setParameter("args", [ms]);

/**
 * Many windows for one driver, which knows a current one: gives the driver as seen from a window. Each command waits for the one before,
 * and first makes its window the current one. The driver itself goes on to speak to its first.
 */
function shared(driver, first) {
  const execute = driver.execute.bind(driver);
  let last = Promise.resolve();
  let current = first;

  function alone(work) {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  }

  async function inWindow(handle, command) {
    if (current !== handle) await execute(new Command(Name.SWITCH_TO_WINDOW).setParameter("name", handle).setParameter("handle", handle));
    current = handle;
    return execute(command);
  }

  driver.execute = (command) => alone(() => inWindow(first, command));
  const handles = () => alone(() => execute(new Command(Name.GET_WINDOW_HANDLES)));

  return {
    /** `guard` throws where there is no window any more to see from. */
    seenFrom: (handle, guard) => Object.assign(Object.create(driver), {
      execute: (command) => alone(() => {
        guard();
        return inWindow(handle, command);
      }),
    }),
    /** In which process a window's page runs. All others are idle meanwhile, as far as it is up to this. */
    process: (handle) => alone(() => processOf((ms) => inWindow(handle, busyFor(ms)))),
    /** Whether a window shows a page of the browser itself, which takes no scripts. */
    isOfBrowser: (handle) => alone(() => inWindow(handle, busyFor(0)).then(() => false, ({ name }) => name === "UnsupportedOperationError")),
    /** Resolves when no command is under way. */
    idle: () => alone(() => {}),
    create: async () => (await driver.execute(new Command(Name.SWITCH_TO_NEW_WINDOW).setParameter("type", "window"))).handle,
    /** The window that `open` opens. */
    async opened(open) {
      const before = await handles();
      await open();
      return until(async () => (await handles()).find((handle) => !before.includes(handle)), "the window opens");
    },
  };
}
