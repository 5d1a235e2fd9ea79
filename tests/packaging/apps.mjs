// The bundlers' apps, each as its own starter or first guide has it: nothing is said about wasm, assets or this package.

const page = (script) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>An app</title>
<link rel="icon" href="data:,">
</head>
<body>
<output></output>
<button id="sign-in">Sign in</button>
<button id="refresh">Refresh</button>
${script}
</body>
</html>
`;
const main = `import { start } from "./app.js";\n\nstart();\n`;
const module = (source) => page(`<script type="module" src="${source}"></script>`);
const classic = (source) => page(`<script src="${source}"></script>`);

/**
 * `dev(port)` and `build` are command lines, `output` is what the build made, and `app` the folder of app.js.
 * `isCopied`: who wants `rekindle/streaming` puts rekindle.wasm beside the bundle, for this bundler leaves addresses as they are.
 */
export const apps = [
  {
    name: "Vite",
    app: "src",
    files: { "index.html": module("/src/main.js"), "src/main.js": main },
    dev: (port) => ["vite", "--host", "127.0.0.1", "--port", port, "--strictPort"],
    build: ["vite", "build"],
    output: "dist",
  },
  {
    name: "webpack",
    app: "src",
    files: { "public/index.html": classic("main.js"), "dist/index.html": classic("main.js"), "src/index.js": main },
    dev: (port) => ["webpack", "serve", "--mode", "development", "--host", "localhost", "--port", port],
    build: ["webpack", "--mode", "production"],
    output: "dist",
  },
  {
    name: "Rollup",
    app: "src",
    files: { "dist/index.html": module("bundle.js"), "src/main.js": main },
    build: ["rollup", "src/main.js", "--file", "dist/bundle.js", "--plugin", "node-resolve"],
    output: "dist",
    isCopied: true,
  },
  {
    name: "esbuild",
    app: "src",
    files: { "dist/index.html": module("bundle.js"), "src/main.js": main },
    build: ["esbuild", "src/main.js", "--bundle", "--format=esm", "--outfile=dist/bundle.js"],
    output: "dist",
    isCopied: true,
  },
  {
    name: "Parcel",
    app: "src",
    files: { "src/index.html": module("main.js"), "src/main.js": main },
    dev: (port) => ["parcel", "src/index.html", "--host", "127.0.0.1", "--port", port],
    build: ["parcel", "build", "src/index.html"],
    output: "dist",
  },
];

/** A folder of plain files, with an import map. */
export const plain = {
  "index.html": page(`<script type="importmap">
  { "imports": { "rekindle": "./node_modules/rekindle/index.js", "rekindle/streaming": "./node_modules/rekindle/streaming.js" } }
</script>
<script type="module" src="main.js"></script>`),
  "main.js": main,
};

/** The same without an import map, which is inline code: the app imports a relative path. */
export const plainPage = { "index.html": module("main.js"), "main.js": main };
