// Base64url without padding, RFC 4648 §5.

const written = (binary) => btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

export const encode = (bytes) => written(String.fromCharCode(...bytes));

/** The bytes as a text's code units. Throws where the text is not the one that its bytes are encoded to. */
export const unpack = (text) => {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  if (written(binary) !== text) throw new SyntaxError();
  return binary;
};

/** A loop, for `Uint8Array.from` takes as long as all the rest of an ID token's checks. */
export const bytesOf = (binary) => {
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
};
