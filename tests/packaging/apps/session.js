// What an app's own tests may do, in any runner: a session with a server that the test itself plays, by `config.fetch`.
// jsdom has no Response: an answer is anything with a status, headers and a text.

async function useSession({ createClient, RekindleError }) {
  const requests = [];
  const fetch = async (url, { method, body }) => {
    const form = new URLSearchParams(body);
    requests.push(`${method} ${new URL(url).pathname} ${form.get("grant_type") ?? form.get("token_type_hint")}`);
    const answer = form.has("grant_type")
      ? { token_type: "Bearer", access_token: "second", refresh_token: "newer", expires_in: 3600 }
      : { active: true };
    return { status: 200, headers: new Headers({ "Content-Type": "application/json" }), text: async () => JSON.stringify(answer) };
  };
  const auth = await createClient({ issuer: "https://id.example", clientId: "spa", endpoints: "okta", fetch });
  const events = [];
  auth.subscribe(({ type }) => events.push(type));
  const refused = await auth.refresh().catch((error) => error instanceof RekindleError && error.code);
  await auth.setTokens({ token_type: "Bearer", access_token: "first", refresh_token: "older", expires_in: 3600 });
  const first = await auth.getAccessToken();
  await auth.refresh();
  const { active } = await auth.introspect();
  const { status, persisted, tokens } = auth.getSnapshot();
  await auth.signOut({ local: true, revoke: false });
  auth.close();
  return { refused, first, second: tokens.accessToken, active, status, persisted, requests, events };
}

const whatComesOfIt = (persisted) => ({
  refused: "no_session",
  first: "first",
  second: "second",
  active: true,
  status: "signed-in",
  persisted,
  requests: ["POST /oauth2/v1/token refresh_token", "POST /oauth2/v1/introspect access_token"],
  events: ["signed-in", "renewed", "signed-out"],
});
