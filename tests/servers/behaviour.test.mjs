// What real authorization servers answer where they differ, compared with behaviour.json. The simulator's models read the
// same file, so neither can drift from the servers. UPDATE=1 writes the file again.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { startDjangoOauthToolkit } from "./django_oauth_toolkit.mjs";
import { startOidcProvider } from "./oidc_provider.mjs";
import { publicClient } from "./sign_in.mjs";

const file = new URL("./behaviour.json", import.meta.url);
const clients = [{ clientId: "spa", redirectUris: ["http://localhost:4999/"], origins: ["http://localhost:4999"] }];
const GRACE = 30;

const servers = {
  "oidc-provider": () => startOidcProvider({ clients }),
  "django-oauth-toolkit, grace 30": () => startDjangoOauthToolkit({ clients, graceSeconds: GRACE }),
  "django-oauth-toolkit, grace 0": () => startDjangoOauthToolkit({ clients }),
};

/** Each begins with the tokens of a sign-in of its own, and gives the answers in question. */
const questions = {
  "a refresh": ({ first, refresh }) => all(() => refresh(first)),
  "the spent refresh token again, at once": ({ first, refresh }) => all(() => refresh(first), () => refresh(first)),
  "the spent refresh token again, later": async ({ first, refresh, wait }) => all(() => refresh(first), wait, () => refresh(first)),
  "the refresh token before the spent one": async ({ first, refresh }) => {
    const second = await refresh(first);
    return all(() => refresh(second.body), () => refresh(first));
  },
  "the same refresh token twice at one time": ({ first, refresh }) => {
    const headers = { "x-meet": "both" };
    return Promise.all([refresh(first, { headers }), refresh(first, { headers })]);
  },
  "a revoked refresh token": async ({ client, first, refresh }) => all(() => client.revoke(first.refresh_token), () => refresh(first)),
  "an unknown refresh token": ({ refresh }) => all(() => refresh({ refresh_token: "unknown" })),
  "a scope wider than granted": ({ first, refresh }) => all(() => refresh(first, { scope: `${first.scope} more` })),
  "introspection of the access token": ({ client, first }) => all(() => client.introspect(first.access_token)),
  "introspection of the access token before a refresh": async ({ client, first, refresh }) => {
    await refresh(first);
    return all(() => client.introspect(first.access_token));
  },
  "introspection of the refresh token": ({ client, first }) => all(() => client.introspect(first.refresh_token)),
  "introspection of an unknown token": ({ client }) => all(() => client.introspect("unknown")),
  "a sign-in without offline_access": async ({ client }) => all(() => client.signIn({ scope: "openid" })),
};

/** The answers that came, one after the other; a question's step without an answer is left out. */
async function all(...steps) {
  const answers = [];
  for (const step of steps) answers.push(await step());
  return answers.filter((answer) => answer?.status);
}

/** Asks one question, and looks what has become of the session: of the newest tokens that the client was given. */
async function find(server, question) {
  const client = publicClient(server, { clientId: "spa", redirectUri: clients[0].redirectUris[0] });
  const signedIn = await client.signIn();
  const given = [signedIn.body];
  const refresh = async ({ refresh_token: token }, more) => {
    const answer = await client.refresh(token, more);
    if (answer.status === 200) given.push(answer.body);
    return answer;
  };
  const known = new Set([signedIn.body.refresh_token]);
  const answers = (await questions[question]({ client, first: signedIn.body, refresh, wait: () => server.age?.(GRACE + 1) }))
    .map(({ status, body }) => `${status} ${body && verdict(body, known)}`.trim());
  const newest = given.at(-1);
  const { active } = (await client.introspect(newest.access_token)).body;
  const { status } = await client.refresh(newest.refresh_token);
  return { answers: answers.sort(), refresh_token: status === 200 ? "alive" : "dead", access_token: active ? "alive" : "dead" };
}

/** An answer in a word: the error, whether a token is active, or which refresh token came. */
function verdict({ error, active, refresh_token: token }, known) {
  if (error) return error;
  if (active !== undefined) return active ? "active" : "inactive";
  if (!token) return "no refresh token";
  const seen = known.has(token);
  known.add(token);
  return seen ? "the refresh token again" : "a new refresh token";
}

const table = process.env.UPDATE ? {} : JSON.parse(await readFile(file, "utf8"));
after(() => process.env.UPDATE && writeFile(file, `${JSON.stringify(table, null, 2)}\n`));

for (const [name, start] of Object.entries(servers)) {
  describe(name, () => {
    let server;
    before(async () => { server = await start(); });
    after(() => server?.close());

    for (const question of Object.keys(questions)) {
      test(question, async () => {
        const found = await find(server, question);
        if (process.env.UPDATE) (table[name] ??= {})[question] = found;
        else assert.deepEqual(found, table[name]?.[question]);
      });
    }
    test("the table has these questions and no other", { skip: process.env.UPDATE && "being written" }, () => {
      assert.deepEqual(Object.keys(table[name] ?? {}).sort(), Object.keys(questions).sort());
    });
  });
}
test("the table has these servers and no other", { skip: process.env.UPDATE && "being written" }, () => {
  assert.deepEqual(Object.keys(table), Object.keys(servers));
});
