// Which values of OAuth messages are secrets, and how much of them is shown.

const secretMembers = new Set(["access_token", "refresh_token", "id_token", "token", "code", "code_verifier", "id_token_hint", "client_secret", "device_secret"]);

/** The first six characters: enough to tell two tokens apart, too little to use one. */
export const shortened = (secret) => `${secret.slice(0, 6)}…`;

/** The value of a form field or JSON member, shortened where its name says that it is a secret. */
export const shown = (name, value) => (typeof value === "string" && secretMembers.has(name) ? shortened(value) : value);

/** A header's value, with the token shortened where it is one. */
export const shownHeader = (name, value) => (name === "authorization" ? value.replace(/\S+$/, (token) => shortened(token)) : value);

/** An address with the secrets in its query shortened, and decoded for reading. */
export function shownUrl(address) {
  const url = new URL(address);
  const query = [...url.searchParams].map(([name, value]) => `${name}=${shown(name, value)}`);
  return `${url.origin}${url.pathname}${query.length ? `?${query.join("&")}` : ""}`;
}

/** A JSON text laid out for reading with its secrets shortened; any other text as it is. */
export function shownBody(text) {
  try {
    return JSON.stringify(JSON.parse(text, shown), null, 2);
  } catch {
    return text;
  }
}
