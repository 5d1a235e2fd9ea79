// The default entry's wasm: text inside this JavaScript, since the address of an asset is what breaks in bundlers.
import text from "wasm-text";

export const compile = async () => WebAssembly.compile(decode(text));

/** The other half of xtask/src/wasm_text.rs, which describes the encoding. */
function decode(text) {
  let position = 0;
  let order = [...Array(256).keys()];
  const digit = () => {
    const code = text.charCodeAt(position++);
    // The six characters that are no digits: " $ ' < \ `
    return code - 32 - (code > 34) - (code > 36) - (code > 39) - (code > 60) - (code > 92) - (code > 96);
  };
  const byte = () => {
    const first = digit();
    return order[first < 87 ? first : 87 * (first - 86) + digit()];
  };
  const common = Array.from({ length: 87 }, byte);
  order = [...new Set(common.concat(order))];
  const module = [];
  while (position < text.length) module.push(byte());
  return Uint8Array.from(module);
}
