// The bundlers' apps and a folder of plain files: each is signed in to and refreshed in the browser.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { appFiles, makeProject } from "./project.mjs";
import { apps, plain } from "./apps.mjs";

import { startTable } from "./table.mjs";
import { startUser } from "./user.mjs";

let user;
const table = startTable(["app", "entry", "dev", "build"]);
before(async () => { user = await startUser(); });
after(async () => {
  await user?.close();
  table.print();
});

for (const entry of ["rekindle", "rekindle/streaming"]) {
  for (const { name, app, files, dev, build, output, isCopied } of apps) {
    describe(`${name}, ${entry}`, () => {
      let project;
      before(async () => {
        project = await makeProject(`${name}-${entry.replace("/", "-")}`, { ...files, ...(await appFiles(app, user.config, entry)) });
      });
      const cell = (column, run) => test(column, table.cell({ app: name, entry, column }, run));

      if (dev) cell("dev", () => user.signInToServer(project, dev(user.port), entry));
      cell("build", async () => {
        assert.doesNotMatch(await project.run(build), /warning/i);
        if (isCopied && entry !== "rekindle") await project.copy("node_modules/rekindle/rekindle.wasm", `${output}/rekindle.wasm`);
        await user.signInToFolder(project.path(output), entry);
      });
    });
  }
}

describe("plain files", () => {
  for (const entry of ["rekindle", "rekindle/streaming"]) {
    test(entry, table.cell({ app: "plain files, import map", entry, column: "build" }, async () => {
      const project = await makeProject(`plain-${entry.replace("/", "-")}`, { ...plain, ...(await appFiles(".", user.config, entry)) });
      await user.signInToFolder(project.path("."), entry);
    }));
  }
});
