// The other half of xtask/src/wasm_text.rs, which describes the encoding.

export function decode(text) {
  let position = 0;
  const digit = () => {
    const code = text.charCodeAt(position++);
    // The six characters that are no digits: " $ ' < \ `
    return code - 32 - (code > 34) - (code > 36) - (code > 39) - (code > 60) - (code > 92) - (code > 96);
  };
  const runs = [[], []];
  for (let byte = 0, kind = 0; byte < 256; kind ^= 1) {
    for (let length = digit(); length--; ) runs[kind].push(byte++);
  }
  const order = runs.flat();
  const module = [];
  while (position < text.length) {
    const first = digit();
    module.push(order[first < 87 ? first : 87 * (first - 86) + digit()]);
  }
  return Uint8Array.from(module);
}
