// The packed npm package under test: what an app would install, not the source tree.

import { execFile } from "node:child_process";
import { mkdtemp, readdir, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export const repository = fileURLToPath(new URL("../../..", import.meta.url));

/** The tarball that REKINDLE_TARBALL names, else the one that the last build left in target/npm. */
export async function findTarball() {
  if (process.env.REKINDLE_TARBALL) return resolve(repository, process.env.REKINDLE_TARBALL);
  const folder = join(repository, "target", "npm");
  const tarballs = (await readdir(folder).catch(() => [])).filter((name) => /^rekindle-.*\.tgz$/.test(name));
  if (tarballs.length !== 1) {
    throw new Error(`${folder} holds ${tarballs.length} tarballs: run "cargo xtask build", or name one in REKINDLE_TARBALL`);
  }
  return join(folder, tarballs[0]);
}

/** A new empty folder that is removed when the caller is done with it. */
export async function makeFolder() {
  const path = await realpath(await mkdtemp(join(tmpdir(), "rekindle-")));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Unpacks the tarball into `folder`, so that `folder/package` is the package. */
export async function unpack(folder) {
  await run("tar", ["-xzf", await findTarball(), "-C", folder]);
  return join(folder, "package");
}
