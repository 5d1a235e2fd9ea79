// The types and the text about them: run with `node --test tests/types/types.test.mjs`.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { LACKING } from "../e2e/support/engines.mjs";
import { configFields, errorCodes } from "./names.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const read = (path) => readFileSync(join(root, path), "utf8");
const pagesWithExamples = ["README.md", "pkg-template/README.md", "pkg-template/GUIDE.md", "docs/okta.md", "docs/errors.md"];

test("every member, every misuse and every example in the documentation compiles as it should", () => {
  const examples = join(root, "target/types/examples");
  rmSync(examples, { recursive: true, force: true });
  mkdirSync(examples, { recursive: true });
  for (const page of pagesWithExamples) {
    writeFileSync(join(examples, `${page.replaceAll("/", "-")}.ts`), exampleModule(read(page)));
  }
  const tsc = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-b", "tests/types"], {
    cwd: root,
    encoding: "utf8",
  });
  assert.equal(tsc.status, 0, tsc.stdout + tsc.stderr);
});

test("the error tables have each code once", () => {
  assert.deepEqual(codesInFirstColumn(section(read("pkg-template/README.md"), "## Errors")), errorCodes.toSorted());
  assert.deepEqual(codesInFirstColumn(read("docs/errors.md")), errorCodes.toSorted());
});

test("the configuration's description has each field", () => {
  const described = section(read("pkg-template/README.md"), "## Configuration");
  assert.deepEqual(configFields.filter((field) => !described.includes(`\`${field}\``)), []);
});

test("docs/browsers.md has what each engine lacks, and why", () => {
  const rows = section(read("docs/browsers.md"), "## What an engine lacks").matchAll(/^\| `(\w+)` \| ([\w, ]+) \| (.+?) \|/gm);
  const told = Array.from(rows, ([, need, engines, why]) => [need, engines, why.toLowerCase()]).toSorted();
  const needs = new Set(Object.values(LACKING).flatMap((table) => Object.keys(table)));
  const known = Array.from(needs, (need) => {
    const engines = Object.keys(LACKING).filter((engine) => need in LACKING[engine]);
    return [need, engines.join(", "), LACKING[engines[0]][need].toLowerCase()];
  });
  assert.deepEqual(told, known.toSorted());
});

test("no test in a browser is skipped for a reason that is not in that table, and every reason is one of a test", () => {
  const folders = ["tests/e2e", "tests/packaging", "tests/rust_apps"].map((folder) => join(root, folder));
  const files = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  const tests = files.filter((file) => file.endsWith(".test.mjs")).map((file) => readFileSync(file, "utf8"));
  const skips = tests.flatMap((text) => text.match(/\b(skip|todo)\b\s*[:(].*/g) ?? []);
  assert.deepEqual(skips.filter((skip) => !/^skip: lacking\("\w+"(, engine)?\)( \|\| lacking\("\w+"\))? \}/.test(skip)), []);
  const used = new Set(tests.flatMap((text) => Array.from(text.matchAll(/lacking\("(\w+)"[,)]/g), ([, need]) => need)));
  assert.deepEqual([...used].toSorted(), [...new Set(Object.values(LACKING).flatMap(Object.keys))].toSorted());
});

/** A page's TypeScript blocks as one module that reads like the page; all else is an empty line, so that the line
 * numbers of a complaint are the page's. */
function exampleModule(markdown) {
  let inBlock = false;
  const lines = markdown.split("\n").map((line) => {
    if (line.startsWith("```")) {
      inBlock = line === "```ts";
      return "";
    }
    return inBlock ? line : "";
  });
  return `${lines.join("\n")}\nexport {};\n`;
}

function section(markdown, heading) {
  const from = markdown.indexOf(`\n${heading}\n`);
  assert.notEqual(from, -1, `no heading "${heading}"`);
  const to = markdown.indexOf("\n## ", from + heading.length);
  return markdown.slice(from, to === -1 ? undefined : to);
}

/** The `codes` in the first column of the tables, sorted. */
function codesInFirstColumn(markdown) {
  const firstCells = markdown.split("\n").filter((line) => line.startsWith("| `")).map((line) => line.split("|")[1]);
  return firstCells.flatMap((cell) => [...cell.matchAll(/`([a-z_]+)`/g)].map(([, code]) => code)).sort();
}
