// One Chromium with a fresh profile, and what the tests ask of it.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { Builder, Browser, logging } from "selenium-webdriver";
import { Options, ServiceBuilder } from "selenium-webdriver/chrome.js";

const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

/** `preferences` are Chromium's own names for what its settings say; `flags` are added to those that every test has. */
export async function startBrowser({ preferences = {}, flags = [] } = {}) {
  const logs = new logging.Preferences();
  logs.setLevel(logging.Type.BROWSER, logging.Level.ALL);
  const options = new Options().addArguments(...FLAGS, ...flags).setUserPreferences(preferences).setLoggingPrefs(logs);
  options.setChromeBinaryPath(process.env.CHROME ?? onPath("chromium", "chromium-browser", "google-chrome"));
  const driver = await new Builder()
    .forBrowser(Browser.CHROME)
    .setChromeOptions(options)
    .setChromeService(new ServiceBuilder(process.env.CHROMEDRIVER ?? onPath("chromedriver")))
    .build();
  await driver.manage().setTimeouts({ script: 20_000, pageLoad: 20_000 });
  return {
    driver,
    run: (code, ...args) => run(driver, code, args),
    /** Calls a method of the page's client and gives `{ value }` or `{ error }`. */
    call: (method, ...args) => run(driver, (method, args) => probe.settle(() => probe.client[method](...args)), [method, args]),
    /** Waits for a condition, looking often: the driver's own interval of 200 ms would be most of a test's time. */
    wait: (condition, message) => driver.wait(condition, 20_000, message, 20),
    async consoleLines() {
      const entries = await driver.manage().logs().get(logging.Type.BROWSER);
      return entries.map((entry) => entry.message);
    },
    /** Errors and warnings on the console since it was last read. */
    async complaints() {
      const entries = await driver.manage().logs().get(logging.Type.BROWSER);
      return entries.filter(({ level }) => level.value >= logging.Level.WARNING.value).map((entry) => entry.message);
    },
    close: () => driver.quit(),
  };
}

/** Runs an async function in the page. The ways there and back are JSON text, so that absent members stay absent. */
async function run(driver, code, args) {
  const script = `
    const done = arguments[arguments.length - 1];
    (async () => (${code})(...JSON.parse(arguments[0])))().then(
      (value) => done(JSON.stringify({ value })),
      (error) => done(JSON.stringify({ thrown: String(error?.stack ?? error) })),
    );`;
  const { value, thrown } = JSON.parse(await driver.executeAsyncScript(script, JSON.stringify(args)));
  if (thrown) throw new Error(`in the page: ${thrown}`);
  return value;
}

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
  if (!found) throw new Error(`install ${names[0]}, or say where it is: CHROME names the browser, CHROMEDRIVER its driver`);
  return found;
}
