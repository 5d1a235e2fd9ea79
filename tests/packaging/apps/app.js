// What each of the apps does, however it is built: sign in, show who it is, refresh.

import { createClient } from "rekindle";
// Made by the test: the issuer, which has another port each time.
import { config } from "./config.js";

export async function start() {
  try {
    await open();
  } catch (error) {
    show(`failed: ${error.code} (${error.reason}) ${error.message}`);
  }
}

async function open() {
  const auth = await createClient({ ...config, redirectUri: location.origin + location.pathname });
  await auth.handleRedirect();
  document.querySelector("#sign-in").onclick = () => auth.signIn();
  document.querySelector("#refresh").onclick = async () => {
    const { claims } = await auth.refresh();
    show(`refreshed ${claims.name}`);
  };
  const { status, tokens } = auth.getSnapshot();
  show(tokens ? `${status} ${tokens.claims.name}` : status);
}

function show(text) {
  document.querySelector("output").textContent = text;
}
