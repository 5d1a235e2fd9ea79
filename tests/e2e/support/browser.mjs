// One browser with a fresh profile, and what the tests ask of it.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Browser, Builder, Capabilities, WebDriver, logging } from "selenium-webdriver";
import { Options as ChromeOptions, ServiceBuilder as Chromedriver } from "selenium-webdriver/chrome.js";
import { Options as FirefoxOptions, ServiceBuilder as Geckodriver } from "selenium-webdriver/firefox.js";
import { Executor, HttpClient } from "selenium-webdriver/http/index.js";
import { DriverService } from "selenium-webdriver/remote/index.js";
import { engine as ofThisRun } from "./engines.mjs";

const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

const FIREFOX_PREFERENCES = {
  // A page may open windows without a click, as it may in the others.
  "dom.disable_open_during_load": false,
  // Each tab has a process of its own, of which one can be killed.
  "dom.ipc.processCount.webIsolated": 32,
};

const start = {
  /** `flags` are added to those that every test has. */
  chromium({ preferences = {}, flags = [] }) {
    const logs = new logging.Preferences();
    logs.setLevel(logging.Type.BROWSER, logging.Level.ALL);
    const options = new ChromeOptions().addArguments(...FLAGS, ...flags).setUserPreferences(preferences).setLoggingPrefs(logs);
    options.setChromeBinaryPath(process.env.CHROME ?? onPath("chromium", "chromium-browser", "google-chrome"));
    const service = new Chromedriver(process.env.CHROMEDRIVER ?? onPath("chromedriver"));
    return new Builder().forBrowser(Browser.CHROME).setChromeOptions(options).setChromeService(service).build();
  },

  firefox({ preferences = {} }) {
    process.env.FIREFOX ??= onPath("firefox-esr", "firefox");
    const options = new FirefoxOptions().addArguments("-headless").setBinary(fileURLToPath(new URL("firefox.sh", import.meta.url)));
    for (const [name, value] of Object.entries({ ...FIREFOX_PREFERENCES, ...preferences })) options.setPreference(name, value);
    const service = new Geckodriver(process.env.GECKODRIVER ?? onPath("geckodriver"));
    return new Builder().forBrowser(Browser.FIREFOX).setFirefoxOptions(options).setFirefoxService(service).build();
  },

  /** selenium knows no WebKitWebDriver: it speaks plain WebDriver. It needs a display, which `cargo xtask` starts. */
  async webkit() {
    const service = new DriverService.Builder(process.env.WEBKITWEBDRIVER ?? onPath("WebKitWebDriver"))
      .setLoopback(true).build();
    const executor = new Executor(service.start(20_000).then((address) => new HttpClient(address)));
    const options = { binary: process.env.MINIBROWSER, args: ["--automation"] };
    const capabilities = new Capabilities({ "webkitgtk:browserOptions": options });
    return WebDriver.createSession(executor, capabilities, () => service.kill());
  },
};

/** `preferences` are the browser's own names for what its settings say. */
export async function startBrowser({ engine = ofThisRun, ...options } = {}) {
  const driver = await start[engine](options);
  await driver.manage().setTimeouts({ script: 20_000, pageLoad: 20_000 });
  return {
    engine,
    driver,
    run: (code, ...args) => run(driver, code, args),
    /** Calls a method of the page's client and gives `{ value }` or `{ error }`. */
    call: (method, ...args) => run(driver, (method, args) => probe.settle(() => probe.client[method](...args)), [method, args]),
    /** Waits for a condition, looking often: the driver's own interval of 200 ms would be most of a test's time. */
    wait: (condition, message) => driver.wait(condition, 20_000, message, 20),
    /** Other browsers have no such log: their pages tell the site (witness.mjs). */
    async consoleLines() {
      if (engine !== "chromium") return [];
      const entries = await driver.manage().logs().get(logging.Type.BROWSER);
      return entries.map((entry) => entry.message);
    },
    /** The servers do not know the user any more: where it is a driver's command, those of the page's host. */
    forgetCookies: () => (engine === "chromium" ? driver.sendDevToolsCommand("Storage.clearCookies", {}) : driver.manage().deleteAllCookies()),
    /** Errors and warnings on the console since it was last read, where there is such a log. */
    async complaints() {
      if (engine !== "chromium") return [];
      const entries = await driver.manage().logs().get(logging.Type.BROWSER);
      return entries.filter(({ level }) => level.value >= logging.Level.WARNING.value).map((entry) => entry.message);
    },
    close: () => driver.quit(),
  };
}

/** Runs an async function in the page. The ways there and back are JSON text, so that absent members stay absent. */
async function run(driver, code, args) {
  const script = `(args, done) => { (${settling(code)})(args).then(done); }`;
  return settled(await driver.executeAsyncScript(inPage(script), JSON.stringify(args)));
}

/** The text of a function that runs `code` in the page when all of it is there, and tells the outcome as `settled` reads it. */
export const settling = (code) => `async (args) => {
  if (document.readyState !== "complete") await new Promise((loaded) => addEventListener("load", loaded, { once: true }));
  // From here on the stack does not begin with the driver's own script, which Firefox calls by the page's address.
  await null;
  try {
    return JSON.stringify({ value: await (${code})(...JSON.parse(args)) });
  } catch (error) {
    return JSON.stringify({ thrown: error + "\\n" + error?.stack });
  }
}`;

export function settled(outcome) {
  if (outcome === null) throw new Error("the page was left meanwhile");
  const { value, thrown } = JSON.parse(outcome);
  if (thrown) throw new Error(`in the page: ${thrown}`);
  return value;
}

/**
 * A driver's script that calls this function of the page. Firefox runs scripts beside the page, where globalThis is another one: within
 * the page's own `eval` it is the page's. Where the page's policy forbids that, the script has to do without.
 */
export const inPage = (code) => `
  let own;
  try { own = window.eval(${JSON.stringify(`(${code})
//# sourceURL=driver`)}); } catch { own = (${code}); }
  return own(...arguments);`;

/** The first of these programs that is installed. */
function onPath(...names) {
  const places = names.flatMap((name) => process.env.PATH.split(delimiter).map((folder) => join(folder, name)));
  const found = places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (!found) throw new Error(`install ${names[0]}, or say where it is: xtask/src/setup/browser.rs has the variables`);
  return found;
}
