// Which process runs a page. WebDriver does not say, so it is told by who is busy while the page is.

import { readFileSync, readdirSync } from "node:fs";
import { until } from "./until.mjs";

const BUSY_MS = 300;
/** Of the clock in which Linux counts the time of a process. */
const TICK_MS = 10;

/** What the browsers call the processes of pages. */
const OF_PAGES = /^(Isolated Web Co|Web Content|WebKitWebProces)/;

/** Of each process of a page, below this one, its time so far. */
function times() {
  const all = new Map();
  for (const name of readdirSync("/proc")) {
    const status = statusOf(name);
    if (status) all.set(status.id, status);
  }
  const isOurs = ({ id, parent }) => id === process.pid || (all.has(parent) && isOurs(all.get(parent)));
  const isOfPage = (status) => OF_PAGES.test(status.name) && isOurs(status);
  return new Map([...all.values()].filter(isOfPage).map(({ id, ms }) => [id, ms]));
}

/** From proc(5)'s stat, whose second field, the name in brackets, may hold anything. */
function statusOf(id) {
  let stat;
  try {
    stat = readFileSync(`/proc/${Number(id)}/stat`, "utf8");
  } catch {
    return undefined;
  }
  const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
  return state === "Z" ? undefined : { id: Number(id), name, parent: Number(parent), ms: (Number(rest[9]) + Number(rest[10])) * TICK_MS };
}

/** `keepBusy(ms)` has the page do nothing else for so long. Again where another process was busy too, which may have begun just then. */
export function processOf(keepBusy) {
  return until(async () => {
    const before = times();
    await keepBusy(BUSY_MS);
    const took = [...times()].map(([id, ms]) => [id, ms - (before.get(id) ?? 0)]);
    const [[id, most], [, next] = [undefined, 0]] = took.sort(([, one], [, other]) => other - one);
    return most > 2 * next && id;
  }, "one process of a page is busier than all others");
}

/** Kills a process, and waits for its end. */
export async function kill(id) {
  process.kill(id, "SIGKILL");
  await until(() => !statusOf(id), "the process ends");
}
