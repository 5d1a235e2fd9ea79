import { createClient } from "rekindle";

const clientOf = ({ issuer, clientId, redirectUri, scope, endpoints, autoRenew = true }) =>
  createClient({ issuer, clientId, redirectUri, scope, endpoints, autoRenew });

export async function adopt(config, tokens) {
  const client = await clientOf(config);
  await client.setTokens(tokens);
  client.close();
}

export const open = clientOf;
export const signIn = (client) => client.signIn();
export const finishSignIn = (client) => client.handleRedirect();
