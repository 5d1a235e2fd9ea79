// Next.js with each of its bundlers: the development server, a static export, and pages that its server renders.

import { after, before, describe, test } from "node:test";
import { appFiles, makeProject } from "./project.mjs";
import { pages, rendered, staticExport } from "./next_app.mjs";
import { startTable } from "./table.mjs";
import { startUser } from "./user.mjs";

const entries = { "/": "rekindle", "/streaming": "rekindle/streaming" };
const everyPage = { ...entries, "/rendered": "rekindle" };

let user;
const table = startTable(["app", "dev", "static export", "server-rendered"]);
before(async () => { user = await startUser(Object.keys(everyPage)); });
after(async () => {
  await user?.close();
  table.print();
});

for (const [bundler, flag] of [["Turbopack", "--turbopack"], ["webpack", "--webpack"]]) {
  describe(`Next.js with ${bundler}`, () => {
    let project;
    before(async () => {
      const apps = { ...(await appFiles("app", user.config)), ...(await appFiles("app/streaming", user.config, "rekindle/streaming")) };
      project = await makeProject(`next-${bundler}`, { ...pages, ...apps });
    });
    const cell = (column, run) => test(column, table.cell({ app: `Next.js, ${bundler}`, column }, run));

    cell("static export", async () => {
      await project.add(staticExport);
      await project.run(["next", "build", flag]);
      for (const [path, entry] of Object.entries(entries)) await user.signInToFolder(project.path("out"), entry, path);
    });

    // The same project, for what Next.js knows of it already.
    cell("server-rendered", async () => {
      await project.remove(Object.keys(staticExport));
      await project.add(rendered);
      await project.run(["next", "build", flag]);
      await user.signInToServer(project, ["next", "start", "--hostname", "127.0.0.1", "--port", user.port], everyPage);
    });

    cell("dev", () =>
      user.signInToServer(project, ["next", "dev", flag, "--hostname", "127.0.0.1", "--port", user.port], everyPage));
  });
}
