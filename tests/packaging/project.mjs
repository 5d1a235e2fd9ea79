// A tiny real app: its project folder, and its tools as command lines.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { findTarball, repository } from "../e2e/support/tarball.mjs";

const execute = promisify(execFile);

/** What tests/packaging/apps/package.json lists is installed here by `cargo xtask test`; the projects are below, and find it as any project
 * finds what is installed further up. */
const place = join(repository, "target/packaging");
const programs = join(place, "node_modules/.bin");
/** Where a program is that it lists. */
export const program = (name) => join(programs, name);

// What node:test says to the files that it runs is not meant for the test runners that these start.
const { NODE_TEST_CONTEXT, NODE_OPTIONS, ...inherited } = process.env;
const env = { ...inherited, PATH: `${programs}${delimiter}${process.env.PATH}`, NEXT_TELEMETRY_DISABLED: "1", NO_COLOR: "1" };

/** An empty project with the package and `files`. */
export async function makeProject(name, files) {
  await access(programs).catch(() => {
    throw new Error(`${place} is not set up: run \`cargo xtask test --only packaging\``);
  });
  const folder = join(place, "projects", name);
  await rm(folder, { recursive: true, force: true });
  await writeFiles(folder, { "package.json": JSON.stringify({ name: "app", private: true, type: "module" }), ...files });
  // Nothing else is needed of the registry.
  await execute("npm", ["install", "--offline", "--no-audit", "--no-fund", "--no-package-lock", await findTarball()], { cwd: folder });
  const path = (name) => join(folder, name);
  return {
    path,
    add: (files) => writeFiles(folder, files),
    remove: (names) => Promise.all(names.map((name) => rm(path(name)))),
    copy: (from, to) => cp(path(from), path(to)),

    /** Runs a program to its end, and gives what it said. */
    async run([program, ...args]) {
      try {
        const { stdout, stderr } = await execute(program, args, { cwd: folder, env, timeout: 300_000 });
        return stdout + stderr;
      } catch ({ stdout, stderr }) {
        // Only the end: where a bundle is one line, an error may quote all of it.
        throw new Error(`${program} ${args.join(" ")} failed\n${(stdout + stderr).slice(-3000)}`);
      }
    },

    /** Starts a server and waits until it answers. */
    async serve([program, ...args], address) {
      let said = "";
      // With a group of its own, for these programs start others.
      const server = spawn(program, args, { cwd: folder, env, detached: true });
      for (const stream of [server.stdout, server.stderr]) stream.on("data", (chunk) => { said += chunk; });
      let hasEnded = false;
      const ended = once(server, "exit").then(() => { hasEnded = true; });
      const kill = () => { if (!hasEnded) process.kill(-server.pid, "SIGKILL"); };
      process.once("exit", kill);
      const stop = async () => {
        kill();
        await ended;
        process.off("exit", kill);
      };
      const deadline = performance.now() + 120_000;
      while (!(await answers(address))) {
        if (!hasEnded && performance.now() < deadline) continue;
        await stop();
        throw new Error(`${program} does not answer at ${address}\n${said}`);
      }
      return { said: () => said, stop };
    },
  };
}

/** Whether a server answers; one that does not is given a moment, to begin. */
async function answers(address) {
  const answer = await fetch(address, { signal: AbortSignal.timeout(60_000) }).catch(() => undefined);
  return answer?.ok || setTimeout(50, false);
}

/** app.js and its configuration; `entry` is what it imports. */
export async function appFiles(folder, config, entry = "rekindle") {
  const source = await readFile(new URL("./apps/app.js", import.meta.url), "utf8");
  return {
    [`${folder}/app.js`]: source.replace(`from "rekindle"`, `from "${entry}"`),
    [`${folder}/config.js`]: `export const config = ${JSON.stringify(config)};\n`,
  };
}

export async function writeFiles(folder, files) {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}
