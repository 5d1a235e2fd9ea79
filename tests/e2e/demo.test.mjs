// The demo as `cargo xtask demo` serves it, used as a developer would.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { By, until } from "selenium-webdriver";

import { demoUser } from "../servers/oidc_provider.mjs";
import { startBrowser } from "./support/browser.mjs";

const MOMENT = 15_000;

let server;
let address;
let browser;
let driver;

before(async () => {
  server = spawn(process.execPath, [fileURLToPath(new URL("../../www/serve.mjs", import.meta.url))], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  for await (const line of createInterface({ input: server.stdout })) {
    address = /^Demo: (.+)$/.exec(line)?.[1];
    if (address) break;
  }
  browser = await startBrowser();
  ({ driver } = browser);
});

after(async () => {
  await browser?.close();
  server.kill();
  if (server.exitCode === null) await once(server, "exit");
});

const press = (id) => driver.findElement(By.id(id)).click();
const text = (id) => driver.findElement(By.id(id)).getText();
const shows = (id, pattern) => driver.wait(async () => pattern.test(await text(id)), MOMENT, `#${id} shows ${pattern}`);
const renewals = async () => (await text("events")).match(/renewed/g)?.length ?? 0;
const stored = () => driver.executeScript("return [...Object.values(sessionStorage), ...Object.values(localStorage)]");
const refreshToken = async () => (await stored()).map((item) => JSON.parse(item).refresh_token).find(Boolean);

test("sign in, refresh twice, introspect, reload, sign out", async () => {
  await driver.get(address);
  await driver.wait(until.elementIsVisible(driver.findElement(By.id("sign-in"))), MOMENT);
  await press("sign-in");
  await driver.wait(until.elementLocated(By.name("login")), MOMENT);
  await driver.findElement(By.name("login")).sendKeys(demoUser.login);
  await driver.findElement(By.name("password")).sendKeys(demoUser.password);
  await driver.findElement(By.css("button[type=submit]")).click();
  await driver.wait(until.urlIs(address), MOMENT);
  await shows("status", /^signed-in$/);

  const seen = new Set([await refreshToken()]);
  for (const count of [1, 2]) {
    await press("refresh");
    await driver.wait(async () => (await renewals()) === count, MOMENT);
    seen.add(await refreshToken());
  }
  assert.equal(seen.size, 3, "each answer rotated the refresh token");

  await press("introspect");
  await shows("introspection", /^active/);
  const members = await driver.executeScript("return Array.from(document.querySelectorAll('#introspection th'), ({ textContent }) => textContent)");
  const expected = ["sub", "client_id", "exp", "scope"];
  assert.deepEqual(members.filter((member) => expected.includes(member)), expected);
  assert.doesNotMatch(await text("log"), /AbortError/, "the page can read its copy of an answer");

  // The user has just signed in, so the API is content with that too.
  for (const [button, result] of [["call-api", /GET \/api\/me: 200/], ["step-up", /GET \/api\/transfer: 200/], ["user-info", /userInfo\(\)/]]) {
    await press(button);
    await shows("result", result);
  }
  const shownTokens = await driver.executeScript("return document.body.textContent.match(/Bearer \\S{7}/g)");
  assert.ok(shownTokens.length >= 3 && shownTokens.every((shown) => /^Bearer \S{6}…$/.test(shown)), shownTokens.join());

  const page = await driver.findElement(By.css("body")).getText();
  for (const secret of seen) assert.ok(!page.includes(secret), "secrets are shortened");

  await driver.navigate().refresh();
  await shows("status", /^signed-in$/);
  await press("refresh");
  await driver.wait(async () => (await renewals()) === 1, MOMENT);

  await press("sign-out");
  await shows("status", /^signed-out$/);
  const left = (await stored()).map((text) => Object.keys(JSON.parse(text)));
  assert.deepEqual(left, [["version", "tombstones"]], "nothing is left in storage but a mark that the session is over");
});

test("l07 sign in in a popup, and refresh", async () => {
  await driver.get(address);
  await browser.forgetCookies();
  await driver.wait(until.elementIsVisible(driver.findElement(By.id("sign-in-with-popup"))), MOMENT);
  const page = await driver.getWindowHandle();
  await press("sign-in-with-popup");
  const popup = await driver.wait(async () => (await driver.getAllWindowHandles()).find((window) => window !== page), MOMENT);
  await driver.switchTo().window(popup);
  await driver.wait(until.elementLocated(By.name("login")), MOMENT);
  await driver.findElement(By.name("login")).sendKeys(demoUser.login);
  await driver.findElement(By.name("password")).sendKeys(demoUser.password);
  await driver.findElement(By.css("button[type=submit]")).click();
  await driver.wait(async () => (await driver.getAllWindowHandles()).length === 1, MOMENT, "the popup closes");
  await driver.switchTo().window(page);
  await shows("status", /^signed-in$/);
  await shows("result", /signInWithPopup\(\) signed in/);
  await press("refresh");
  await driver.wait(async () => (await renewals()) === 1, MOMENT);
});
