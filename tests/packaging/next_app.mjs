// The app of Next.js, by itself and with what a server renders.

const page = (app) => `"use client";
import { useEffect } from "react";
import { start } from "${app}";

export default function Page() {
  useEffect(() => { start(); }, []);
  return <><output /><button id="sign-in">Sign in</button><button id="refresh">Refresh</button></>;
}
`;
/** Every page here may be a file, made at build time. */
export const pages = {
  "app/layout.jsx": `export default ({ children }) => <html lang="en"><head><link rel="icon" href="data:," /></head><body>{children}</body></html>;\n`,
  "app/page.jsx": page("./app.js"),
  "app/streaming/page.jsx": page("./app.js"),
};
/** A page that is made anew for each request, by a server that makes a client too. */
export const rendered = {
  "app/rendered/page.jsx": `import { connection } from "next/server";
import { createClient } from "rekindle";
import { config } from "../config.js";
import { Client } from "./client.jsx";

export default async function Page() {
  await connection();
  const auth = await createClient(config);
  return <><p>{auth.getSnapshot().status} at the server</p><Client /></>;
}
`,
  "app/rendered/client.jsx": page("../app.js").replace("export default function Page", "export function Client"),
};


/** Files alone, for a server that only serves. */
export const staticExport = { "next.config.mjs": `export default { output: "export" };\n` };
