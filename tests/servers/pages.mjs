// The pages that people see at the embedded authorization server. They need no script.
import { createHash } from "node:crypto";

const style = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f6f4f1, #14120f);
  --card: light-dark(#ffffff, #1e1b17);
  --line: light-dark(#8d857b, #7d756b);
  --edge: light-dark(#e4dfd8, #332e28);
  --text: light-dark(#221d18, #f1ece5);
  --soft: light-dark(#645b51, #b1a798);
  --accent: light-dark(#b23a0e, #ff9a66);
  --on-accent: light-dark(#ffffff, #2a1005);
  --wrong: light-dark(#a4161a, #ff9c93);
  --wrong-ground: light-dark(#fdeceb, #3a1715);
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; min-height: 100dvh; padding: 1.25rem;
  display: grid; grid-template-columns: minmax(0, 25rem); place-content: center;
  background: radial-gradient(60rem 30rem at 50% -12rem, light-dark(#ffe3d3, #3a1d0d), transparent) var(--ground);
  color: var(--text); font: 1rem/1.5 system-ui, sans-serif;
}
main {
  background: var(--card); border: 1px solid var(--edge); border-radius: 1rem; padding: clamp(1.25rem, 6vw, 2rem);
  box-shadow: 0 1px 2px rgb(0 0 0 / 0.06), 0 1rem 2.5rem rgb(0 0 0 / 0.08);
}
h1 { margin: 0; font-size: 1.375rem; line-height: 1.25; letter-spacing: -0.01em; }
p { margin: 0.5rem 0 0; color: var(--soft); overflow-wrap: anywhere; }
.place { margin: 0 0 0.75rem; font-size: 0.8125rem; font-weight: 600; color: var(--accent); }
strong { color: var(--text); }
form { margin-top: 1.5rem; display: grid; gap: 1rem; }
label { display: grid; gap: 0.375rem; font-size: 0.875rem; font-weight: 600; }
input {
  width: 100%; padding: 0.625rem 0.75rem; font: inherit; font-size: 1rem; font-weight: 400;
  color: inherit; background: transparent; border: 1px solid var(--line); border-radius: 0.5rem;
}
button {
  padding: 0.6875rem 1rem; font: inherit; font-weight: 600; cursor: pointer; border-radius: 0.5rem;
  color: var(--on-accent); background: var(--accent); border: 1px solid var(--accent);
}
button.quiet { color: var(--text); background: transparent; border-color: var(--line); }
button:hover { filter: brightness(1.08); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.buttons { display: grid; gap: 0.625rem; margin-top: 0.25rem; }
.wrong { margin-top: 1rem; padding: 0.625rem 0.75rem; border-radius: 0.5rem; color: var(--wrong); background: var(--wrong-ground); }
.hint { margin-top: 1.25rem; padding-top: 1.25rem; border-top: 1px solid var(--edge); font-size: 0.875rem; }
code { font: 0.9375em ui-monospace, monospace; color: var(--text); background: var(--ground); padding: 0.125rem 0.375rem; border-radius: 0.25rem; }
`;
const styleHash = createHash("sha256").update(style).digest("base64");

/** @param ctx A Koa context. */
export function sendPage(ctx, page) {
  ctx.type = "html";
  ctx.set("Cache-Control", "no-store");
  ctx.set("Referrer-Policy", "no-referrer");
  // No form-action: the answer to the form redirects to the app, and some browsers hold redirects against it.
  ctx.set("Content-Security-Policy", `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; frame-ancestors 'none'`);
  ctx.body = page;
}

export function signInPage({ clientId, demoUser, login, failed = false }) {
  const described = failed ? `aria-invalid="true" aria-describedby="wrong"` : "";
  return page(
    "Sign in",
    `<h1>Sign in</h1>
    <p>to continue to <strong>${escaped(clientId)}</strong></p>
    ${failed ? `<p class="wrong" id="wrong" role="alert">That name and password do not belong together.</p>` : ""}
    <form method="post">
      <label>Name
        <input name="login" value="${escaped(login)}" autocomplete="username" autocapitalize="none" spellcheck="false" required ${described} ${login ? "" : "autofocus"}>
      </label>
      <label>Password
        <input name="password" type="password" autocomplete="current-password" required ${described} ${login ? "autofocus" : ""}>
      </label>
      <div class="buttons">
        <button type="submit" id="submit">Sign in</button>
        <button class="quiet" id="cancel" name="cancel" value="yes" formnovalidate>Cancel</button>
      </div>
    </form>
    <p class="hint">The demo user is <code>${escaped(demoUser.login)}</code> with the password <code>${escaped(demoUser.password)}</code>.</p>`,
  );
}

/** @param form The form that oidc-provider made, with the id "op.logoutForm". */
export function signOutPage(form) {
  return page(
    "Sign out",
    `<h1>Sign out of this server too?</h1>
    <p>Apps will then ask for your password again.</p>
    ${form}
    <div class="buttons">
      <button type="submit" form="op.logoutForm" name="logout" value="yes" autofocus>Sign out</button>
      <button class="quiet" type="submit" form="op.logoutForm">Stay signed in</button>
    </div>`,
  );
}

export function signedOutPage() {
  return page("Signed out", `<h1>You are signed out</h1><p>You can close this page.</p>`);
}

/** @param out The members of the OAuth error answer. */
export function errorPage({ error, error_description: description = "" }) {
  return page("Sign-in failed", `<h1>That did not work</h1><p class="wrong">${escaped(description)}</p><p>Error code: <code>${escaped(error)}</code></p>`);
}

function page(title, content) {
  return `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${title} · demo authorization server</title>
  <style>${style}</style>
</head>
<body>
  <main>
    <p class="place">Demo authorization server</p>
    ${content}
  </main>
</body>
</html>
`;
}

const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escaped = (value) => `${value}`.replace(/[&<>"']/g, (character) => entities[character]);
