// A project whose `lib` has `esnext.disposable`.
import { createClient, type Client } from "rekindle";

export async function disposable(issuer: string, clientId: string): Promise<Disposable> {
  using auth = await createClient({ issuer, clientId });
  auth.getSnapshot();
  // @ts-expect-error: the symbol adds one member, and no other
  auth.dispose;

  const again: Client = await createClient({ issuer, clientId });
  again[Symbol.dispose]();
  return again;
}
