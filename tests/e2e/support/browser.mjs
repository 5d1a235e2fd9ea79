// One Chromium with a fresh profile, and what the tests ask of it.

import { Builder, Browser, logging } from "selenium-webdriver";
import { Options, ServiceBuilder } from "selenium-webdriver/chrome.js";

const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

export async function startBrowser() {
  const logs = new logging.Preferences();
  logs.setLevel(logging.Type.BROWSER, logging.Level.ALL);
  const options = new Options().addArguments(...FLAGS).setLoggingPrefs(logs);
  options.setChromeBinaryPath(process.env.CHROME ?? "/usr/bin/chromium");
  const driver = await new Builder()
    .forBrowser(Browser.CHROME)
    .setChromeOptions(options)
    .setChromeService(new ServiceBuilder(process.env.CHROMEDRIVER ?? "/usr/bin/chromedriver"))
    .build();
  await driver.manage().setTimeouts({ script: 20_000, pageLoad: 20_000 });
  return {
    driver,
    open: (address) => driver.get(address),
    run: (code, ...args) => run(driver, code, args),
    /** Calls a method of the page's client and gives `{ value }` or `{ error }`. */
    call: (method, ...args) => run(driver, (method, args) => probe.settle(() => probe.client[method](...args)), [method, args]),
    async consoleLines() {
      const entries = await driver.manage().logs().get(logging.Type.BROWSER);
      return entries.map((entry) => entry.message);
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
