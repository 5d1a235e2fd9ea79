// Test runners, and Node by itself: the package is imported, or required, as each does it unasked, and its process ends by itself.

import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { makeProject } from "./project.mjs";
import { startTable } from "./table.mjs";

const entries = ["rekindle", "rekindle/streaming"];
const imports = entries.map((name, index) => `import * as entry${index} from "${name}";`).join("\n");
const requires = entries.map((name, index) => `const entry${index} = require("${name}");`).join("\n");
const list = `const entries = { ${entries.map((name, index) => `"${name}": entry${index}`).join(", ")} };`;

/** A test file as jest and vitest want it. */
const spec = (head) => (persisted) => `${head}
${list}
test.each(Object.keys(entries))("%s", async (name) => {
  expect(await useSession(entries[name])).toEqual(whatComesOfIt(${persisted}));
});
`;
const vitest = spec(`import { expect, test } from "vitest";\n${imports}`);
const jest = spec(requires);
const plain = (head) => () => `${head}
${list}
for (const [name, entry] of Object.entries(entries)) {
  test(name, async () => assert.deepEqual(await useSession(entry), whatComesOfIt(false)));
}
`;
const nodeTest = plain(`import assert from "node:assert/strict";\nimport { test } from "node:test";\n${imports}`);
// Without a runner one after another all the same, for these are one app and the clients of an app share its session.
const alone = `let last = Promise.resolve();\nconst test = (name, run) => { last = last.then(run); };`;
const esm = plain(`import assert from "node:assert/strict";\n${imports}\n${alone}`);
const cjs = plain(`const assert = require("node:assert/strict");\n${requires}\n${alone}`);

const runners = [
  // The runner, its environment, its file, what is in that, the command line.
  ["Vitest", "node", "session.spec.js", vitest, ["vitest", "run"]],
  ["Vitest", "jsdom", "session.spec.js", vitest, ["vitest", "run", "--environment", "jsdom"]],
  ["Jest", "node", "session.spec.js", jest, ["jest"]],
  ["Jest", "jsdom", "session.spec.js", jest, ["jest", "--env", "jsdom"]],
  ["node --test", "node", "session.test.mjs", nodeTest, ["node", "--test"]],
  ["node, import", "node", "session.mjs", esm, ["node", "session.mjs"]],
  ["node, require", "node", "session.cjs", cjs, ["node", "session.cjs"]],
];
/** Jest's starter is CommonJS. */
const manifest = { Jest: { name: "app", private: true } };

let session;
const table = startTable(["runner", "node", "jsdom"]);
before(async () => { session = await readFile(new URL("./apps/session.js", import.meta.url), "utf8"); });
after(() => table.print());

for (const [runner, environment, file, text, command] of runners) {
  test(`${runner}, ${environment}`, table.cell({ runner, column: environment }, async () => {
    const files = { [file]: `${text(environment === "jsdom")}\n${session}` };
    if (manifest[runner]) files["package.json"] = JSON.stringify(manifest[runner]);
    await (await makeProject(`${runner}-${environment}`.replace(/\W+/g, "-"), files)).run(command);
  }));
}
