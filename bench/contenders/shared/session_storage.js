// Tokens in sessionStorage.

import { clientOf, exchange, kept } from "./client.js";

const KEY = "tokens";

const write = (tokens) => sessionStorage.setItem(KEY, JSON.stringify(tokens));

export function adopt(config, answer) {
  write(kept(answer));
}

/** `request` asks for new tokens, and may look at the answer before it counts. */
export function openWith(config, request = exchange) {
  const held = {
    tokens: JSON.parse(sessionStorage.getItem(KEY)),
    async refresh() {
      held.tokens = kept(await request(config, held.tokens), held.tokens);
      write(held.tokens);
    },
  };
  return clientOf(config, held);
}
