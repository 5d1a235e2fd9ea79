// A page that never signs in by itself: it is given tokens, refreshes, introspects, and has them renewed.

import { adopt, open } from "contender";

const { config, tokens, report } = globalThis;

await adopt(config, tokens);
const client = await open(config);
await client.refresh();
const { active } = await client.introspect();
report(JSON.stringify({ active, token: await client.getAccessToken() }));
