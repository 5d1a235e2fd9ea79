// An app's project with nothing in it but the packed tarball.

import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { findTarball, makeFolder } from "../e2e/support/tarball.mjs";

const run = promisify(execFile);

/** A new project folder that has installed the tarball, without the network. */
export async function makeProject() {
  const folder = await makeFolder();
  await installPackage(folder.path);
  return folder;
}

/** Makes `folder` a project that has the package. */
export async function installPackage(folder) {
  await writeFiles(folder, { "package.json": JSON.stringify({ name: "app", private: true, type: "module" }) });
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", "--no-package-lock", await findTarball()], { cwd: folder });
}

export async function writeFiles(folder, files) {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}

/** The smallest app: a page, and a script that makes a client and shows that it works. */
export const page = (head = "") => `<!doctype html>
<meta charset="utf-8">
${head}
<title>An app</title>
<link rel="icon" href="data:,">
<script type="module" src="./main.js"></script>
`;

export const script = (specifier) => `
import { createClient } from "${specifier}";

try {
  const client = await createClient({ issuer: "https://id.example", clientId: "spa" });
  const { status } = client.getSnapshot();
  const { accessToken } = await client.setTokens({ access_token: "abc", refresh_token: "def", expires_in: 60 });
  const held = [status, accessToken, client.getRefreshToken(), client.getSnapshot().status];
  await client.signOut({ local: true });
  globalThis.outcome = [...held, client.getSnapshot().status];
} catch (error) {
  globalThis.outcome = { code: error.code, message: error.message };
}
`;

export const working = ["signed-out", "abc", "def", "signed-in", "signed-out"];

/** Opens the app's page and gives what its script came to. */
export async function open(browser, address) {
  await browser.driver.get(address);
  return browser.wait(() => browser.driver.executeScript("return globalThis.outcome"), "the app's script did not end");
}
