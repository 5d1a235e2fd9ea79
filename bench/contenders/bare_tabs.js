// The same for several tabs: a Web Lock, and the tokens as a record in IndexedDB, which whoever has the lock reads first.

import { clientOf, exchange, kept } from "./shared/client.js";

export { finishSignIn, signIn } from "./shared/sign_in.js";

const NAME = "tokens";

export async function adopt(config, answer) {
  const database = await openDatabase();
  await write(database, kept(answer));
  database.close();
}

export async function open(config) {
  const database = await openDatabase();
  const held = {
    tokens: await read(database),
    refresh: () => navigator.locks.request(NAME, async () => {
      const stored = await read(database);
      const isAhead = stored.refresh_token !== held.tokens.refresh_token;
      held.tokens = isAhead ? stored : kept(await exchange(config, stored), stored);
      if (!isAhead) await write(database, held.tokens);
    }),
  };
  return clientOf(config, held);
}

function openDatabase() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(NAME);
  return ended(request);
}

const read = (database) => ended(database.transaction(NAME).objectStore(NAME).get(NAME));
const write = (database, tokens) => ended(database.transaction(NAME, "readwrite").objectStore(NAME).put(tokens, NAME));

function ended(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
