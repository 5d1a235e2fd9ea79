// Builds a page with each contender, as esbuild and as Vite ship it, and weighs what comes out.

import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import * as esbuild from "esbuild";
import { build as viteBuild } from "vite";

const here = fileURLToPath(new URL(".", import.meta.url));
const pageFile = (page) => join(here, "pages", `${page}.js`);
const contenderFile = ({ module }) => join(here, "contenders", `${module}.js`);

export const bundlers = { esbuild: withEsbuild, vite: withVite };

/** Builds `page` into `folder`, whose main.js or index.html loads it. */
async function withEsbuild(contender, page, folder) {
  await esbuild.build({
    entryPoints: { main: pageFile(page) },
    outdir: folder,
    alias: { contender: contenderFile(contender) },
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    loader: { ".wasm": "file" },
    logLevel: "warning",
  });
}

async function withVite(contender, page, folder) {
  const root = `${folder}.source`;
  await mkdir(root, { recursive: true });
  await writeFile(join(root, "index.html"), '<!doctype html>\n<script type="module" src="./main.js"></script>\n');
  await writeFile(join(root, "main.js"), `import ${JSON.stringify(pageFile(page))};\n`);
  await viteBuild({
    root,
    base: "./",
    configFile: false,
    logLevel: "error",
    resolve: { alias: { contender: contenderFile(contender) } },
    build: { outDir: folder, emptyOutDir: true, license: false },
  });
  await rm(root, { recursive: true });
}

/** The JavaScript and the wasm of a built folder, as `[path in it, bytes with brotli]`. */
export async function weigh(folder) {
  const names = await readdir(folder, { recursive: true });
  const shipped = names.filter((name) => /\.(m?js|wasm)$/.test(name));
  return Promise.all(shipped.map(async (name) => [name, compress(await readFile(join(folder, name))).length]));
}

export function compress(bytes) {
  return brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
}
