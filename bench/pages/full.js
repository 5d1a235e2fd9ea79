// A page that does all: it signs in, refreshes, introspects, and has its tokens renewed.

import { finishSignIn, open, signIn } from "contender";

const { config, report } = globalThis;

const client = await open(config);
if (location.search) await finishSignIn(client);
document.onclick = () => signIn(client);
document.onkeydown = async () => {
  await client.refresh();
  report(JSON.stringify({ about: await client.introspect(), token: await client.getAccessToken() }));
};
