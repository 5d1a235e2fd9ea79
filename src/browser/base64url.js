// Base64url without padding, RFC 4648 §5.

const written = (binary) => btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

export const encode = (bytes) => written(String.fromCharCode(...bytes));

/** The bytes as a text's code units. Throws where the text is not the one that its bytes are encoded to. */
export const unpack = (text) => {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  if (written(binary) !== text) throw new SyntaxError();
  return binary;
};

export const bytesOf = (binary) => Uint8Array.from(binary, (unit) => unit.charCodeAt(0));
