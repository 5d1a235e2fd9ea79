// The bundlers' apps and a folder of plain files: each is signed in to and refreshed in each browser.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { appFiles, makeProject } from "./project.mjs";
import { engines } from "../e2e/support/engines.mjs";
import { apps, plain } from "./apps.mjs";
import { startTable } from "./table.mjs";
import { startUser } from "./user.mjs";

let user;
const table = startTable(["app", "entry", "as", ...engines]);
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

      if (dev) test("dev", (t) => user.signInToServer(project, dev(user.port), { "/": entry }, table.into(t, { app: name, entry, as: "dev" })));
      test("build", async (t) => {
        assert.doesNotMatch(await project.run(build), /warning/i);
        if (isCopied && entry !== "rekindle") await project.copy("node_modules/rekindle/rekindle.wasm", `${output}/rekindle.wasm`);
        await user.signInToFolder(project.path(output), { "/": entry }, table.into(t, { app: name, entry, as: "build" }));
      });
    });
  }
}

describe("plain files", () => {
  for (const entry of ["rekindle", "rekindle/streaming"]) {
    test(entry, async (t) => {
      const project = await makeProject(`plain-${entry.replace("/", "-")}`, { ...plain, ...(await appFiles(".", user.config, entry)) });
      await user.signInToFolder(project.path("."), { "/": entry }, table.into(t, { app: "plain files, import map", entry, as: "files" }));
    });
  }
});
