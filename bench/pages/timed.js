// The page whose times are taken. With #cold it refreshes as soon as it can, and reports when that was.

import * as contender from "contender";

const { config, report } = globalThis;

globalThis.contender = contender;

if (location.hash === "#cold") {
  const client = await contender.open(config);
  if (!("refreshesWhenOpened" in contender)) await client.refresh();
  report(JSON.stringify({ ms: performance.now() }));
}
