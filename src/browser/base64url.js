// Base64url without padding, RFC 4648 §5.

export const encode = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** Throws where the text is not the one that its bytes are encoded to. */
export const decode = (text) => {
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (byte) => byte.charCodeAt(0));
  if (encode(bytes) !== text) throw new SyntaxError();
  return bytes;
};
