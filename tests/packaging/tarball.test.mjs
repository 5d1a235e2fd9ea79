// What is in the tarball, and what importing it in Node does: nothing.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { promisify } from "node:util";
import { findTarball, repository } from "../e2e/support/tarball.mjs";
import { makeProject, program } from "./project.mjs";

const run = promisify(execFile);

let project;
before(async () => { project = await makeProject("empty", {}); });

/** Runs a module in the project's folder; a process that does not end by itself fails. */
const node = (code) => run("node", ["--input-type=module", "--eval", code], { cwd: project.path("."), timeout: 20_000 });

test("the tarball holds what an app needs, and nothing else", async () => {
  const { stdout } = await run("tar", ["-tzf", await findTarball()]);
  const files = stdout.trim().split("\n").sort();
  assert.deepEqual(files, [
    "package/CHANGELOG.md", "package/GUIDE.md", "package/LICENSE-APACHE", "package/LICENSE-MIT", "package/README.md",
    "package/index.cjs", "package/index.d.cts", "package/index.d.ts", "package/index.js", "package/package.json",
    "package/rekindle.wasm", "package/streaming.d.cts", "package/streaming.d.ts", "package/streaming.js",
  ]);
});

test("the types of both kinds of module are the same", async () => {
  const read = (name) => readFile(project.path(join("node_modules/rekindle", name)), "utf8");
  assert.equal(await read("index.d.cts"), await read("index.d.ts"));
  assert.equal(await read("streaming.d.cts"), (await read("streaming.d.ts")).replace("./index.js", "./index.cjs"));
});

test("every function is in parentheses, so that it is compiled with its file", async () => {
  for (const name of ["index.js", "index.cjs", "streaming.js"]) {
    const text = await readFile(project.path(join("node_modules/rekindle", name)), "utf8");
    const code = text.replaceAll(/"[^"]*"/g, '""');
    assert.match(code, /=\(\(\w+,\w+\)=>/);
    assert.doesNotMatch(code, /[=:,?](async)?(\w+|\(\w*\))=>/, name);
  }
});

test("publint finds nothing", async () => {
  const { stdout } = await run(program("publint"), ["run", await findTarball(), "--strict"]);
  assert.match(stdout, /All good!/);
});

test("are-the-types-wrong finds nothing", async () => {
  // The module is the one entry that is neither JavaScript nor types.
  const { stdout } = await run(program("attw"), [await findTarball(), "--exclude-entrypoints", "rekindle.wasm"]);
  assert.match(stdout, /No problems found/);
});

describe("package.json", () => {
  let manifest;
  before(async () => { manifest = JSON.parse(await readFile(project.path("node_modules/rekindle/package.json"), "utf8")); });

  test("w02 no dependency of any kind, and no script that runs at installation", () => {
    for (const member of ["dependencies", "peerDependencies", "optionalDependencies", "bundledDependencies", "scripts"]) {
      assert.equal(manifest[member], undefined, member);
    }
  });

  test("name, version and licence", async () => {
    const cargo = await readFile(join(repository, "Cargo.toml"), "utf8");
    assert.equal(manifest.name, "rekindle");
    assert.equal(manifest.version, /^version = "(.+)"$/m.exec(cargo)[1]);
    assert.equal(manifest.license, "MIT OR Apache-2.0");
    assert.equal(manifest.type, "module");
    assert.equal(manifest.private, undefined);
    assert.ok(!manifest.sideEffects, "a bundler may drop it where nothing of it is used");
  });

  test("every file that it names is there", async () => {
    const named = JSON.stringify([manifest.exports, manifest.types, manifest.main, manifest.module]).match(/"\.?\/?[\w./-]+\.[\w.]+"/g);
    assert.ok(named.length > 0);
    for (const file of named) await readFile(project.path(join("node_modules/rekindle", JSON.parse(file))));
  });
});

describe("w06 in Node", () => {
  test("import has no side effect and the process ends", async () => {
    for (const code of ['import("rekindle")', 'import("rekindle/streaming")', 'require("rekindle")', 'require("rekindle/streaming")']) {
      const { stdout, stderr } = await run("node", ["-e", code], { cwd: project.path("."), timeout: 20_000 });
      assert.equal(stdout + stderr, "");
    }
  });

  test("the parts for a page are imported without one too", async () => {
    const { stdout } = await node(`console.log(Object.keys(await import("./node_modules/rekindle/streaming.js")).sort().join())`);
    assert.equal(stdout, "RekindleError,createClient\n");
  });

  test("import reads and sets no global of a browser", async () => {
    const names = [
      "window", "self", "document", "location", "history", "navigator", "localStorage", "sessionStorage", "indexedDB", "fetch", "crypto",
      "BroadcastChannel", "WebAssembly", "addEventListener", "setTimeout", "setInterval", "TextDecoder", "TextEncoder", "structuredClone",
    ];
    const { stdout } = await node(`
      const touched = [];
      for (const name of ${JSON.stringify(names)}) {
        const value = globalThis[name];
        Object.defineProperty(globalThis, name, { configurable: true, get() { touched.push(name); return value; } });
      }
      const before = Reflect.ownKeys(globalThis);
      const module = await import("rekindle");
      const added = Reflect.ownKeys(globalThis).filter((key) => !before.includes(key));
      console.log(JSON.stringify({ touched, added: added.map(String), exports: Object.keys(module).sort() }));
    `);
    assert.deepEqual(JSON.parse(stdout), { touched: [], added: [], exports: ["RekindleError", "createClient"] });
  });

  test("createClient makes a signed-out client in memory, and the process ends", async () => {
    const { stdout, stderr } = await node(`
      import { createClient, RekindleError } from "rekindle";
      const client = await createClient({ issuer: "https://id.example", clientId: "spa", redirectUri: "https://app.example/callback" });
      client.subscribe(() => {});
      const { status, persisted } = client.getSnapshot();
      const refused = await client.refresh().catch((error) => [error instanceof RekindleError, error.code]);
      const noPage = await client.signIn().catch((error) => error instanceof RekindleError);
      const { accessToken } = await client.setTokens({ access_token: "abc", refresh_token: "def", expires_in: 60 });
      const wrong = await createClient({}).catch((error) => error.code);
      console.log(JSON.stringify({ status, persisted, refused, noPage, accessToken, held: client.getRefreshToken(), wrong }));
    `);
    assert.equal(stderr, "");
    assert.deepEqual(JSON.parse(stdout), {
      status: "signed-out", persisted: false, refused: [true, "no_session"], noPage: true, accessToken: "abc", held: "def", wrong: "invalid_config",
    });
  });
});

const inModule = `
  import { createClient, type Tokens } from "rekindle";
  import * as streaming from "rekindle/streaming";
  export async function use(): Promise<Tokens> {
    const auth = await createClient({ issuer: "https://id.example", clientId: "spa" });
    const other: typeof auth = await streaming.createClient({ issuer: "https://id.example", clientId: "spa" });
    // @ts-expect-error a page cannot keep a secret
    await createClient({ issuer: "https://id.example", clientId: "spa", clientSecret: "shh" });
    return other.refresh();
  }
`;
const inCommonJs = inModule
  .replace(/import {.*/, 'import rekindle = require("rekindle");\n  import createClient = rekindle.createClient;\n  type Tokens = rekindle.Tokens;')
  .replace(/import \* as.*/, 'import streaming = require("rekindle/streaming");');

for (const [file, source, module, moduleResolution] of [
  ["app.ts", inModule, "esnext", "bundler"],
  ["app.mts", inModule, "nodenext", "nodenext"],
  ["app.mts", inModule, "node16", "node16"],
  ["app.cts", inCommonJs, "node16", "node16"],
]) {
  test(`the types are found from ${file} by TypeScript's resolution "${moduleResolution}"`, async () => {
    await project.add({
      [file]: source,
      "tsconfig.json": JSON.stringify({
        compilerOptions: { strict: true, noEmit: true, target: "es2022", lib: ["es2022", "dom"], types: [], module, moduleResolution },
        files: [file],
      }),
    });
    const compiled = run(join(repository, "node_modules/.bin/tsc"), ["--project", project.path(".")], { cwd: project.path(".") });
    assert.equal(await compiled.then(() => "", ({ stdout }) => stdout), "");
  });
}
