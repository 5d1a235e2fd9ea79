// The second authorization server of the end-to-end tests: PyPI django-oauth-toolkit. It rotates refresh tokens as
// oidc-provider does, but can forgive the reuse of a spent one for a while, as Okta does.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("./django_oauth_toolkit/serve.py", import.meta.url));
const python = process.env.REKINDLE_PYTHON ?? fileURLToPath(new URL("../../target/python/bin/python", import.meta.url));

/** The one user, whom the server takes every visitor for: no form stands between the app and its tokens. */
export const djangoUser = "alice";

/**
 * Starts the server on a loopback port. It ends with this process at the latest.
 *
 * @param {object} options
 * @param {number} [options.port] 0 takes a free one.
 * @param {string} [options.publicOrigin] The origin that browsers see, where a proxy stands in front.
 * @param {{ clientId: string, redirectUris: string[], origins: string[], postLogoutRedirectUris?: string[] }[]} options.clients
 *   Public clients; `origins` are those whose pages may read answers (CORS, errors too).
 * @param {number} [options.accessTokenSeconds]
 * @param {number} [options.graceSeconds] How long a spent refresh token gets its replacement again.
 * @param {boolean} [options.reuseProtection] Whether reuse after that revokes the whole family.
 * @param {string[]} [options.scopes]
 */
export async function startDjangoOauthToolkit({
  port = 0,
  publicOrigin,
  clients,
  accessTokenSeconds = 60,
  graceSeconds = 0,
  reuseProtection = true,
  scopes = ["openid", "profile", "email", "offline_access"],
}) {
  const environment = {
    ...process.env,
    // Whom Django's RemoteUserMiddleware takes every visitor for.
    REMOTE_USER: djangoUser,
    // oauthlib refuses plain HTTP otherwise, on loopback too.
    OAUTHLIB_INSECURE_TRANSPORT: "1",
  };
  const child = spawn(python, ["-u", script], { env: environment });
  await once(child, "spawn").catch((error) => {
    throw new Error(`${python} does not start (${error.message}): "cargo xtask test --only end-to-end" sets it up`);
  });
  const ended = once(child, "exit");
  const folder = await mkdtemp(join(tmpdir(), "rekindle-django-"));
  let said = "";
  // It may end before it has read everything; what it said then is in the error.
  child.stdin.on("error", () => {});
  child.stderr.on("data", (text) => { said = (said + text).slice(-4_000); });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  async function tell(command) {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`django-oauth-toolkit ended:\n${said}`);
    return JSON.parse(value);
  }

  async function close() {
    child.stdin.end();
    await ended;
    await rm(folder, { recursive: true, force: true });
  }

  const origins = clients.flatMap(({ origins }) => origins);
  const options = { port, publicOrigin, folder, clients, origins, accessTokenSeconds, graceSeconds, reuseProtection, scopes };
  const bound = await tell(options).catch(async (error) => {
    await close();
    throw error;
  });
  const url = publicOrigin ?? `http://127.0.0.1:${bound.port}`;
  return {
    issuer: url,
    url,
    port: bound.port,
    endpoints: {
      authorization: `${url}/authorize/`,
      token: `${url}/token/`,
      introspection: `${url}/introspect/`,
      revocation: `${url}/revoke_token/`,
      userinfo: `${url}/userinfo/`,
      jwks: `${url}/.well-known/jwks.json`,
    },
    /** Makes everything that the server has noted older, so that a grace or a lifetime is over without waiting for it. */
    age: (seconds) => tell({ age: seconds }),
    close,
  };
}
