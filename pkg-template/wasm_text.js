// The default entry's wasm: text inside this JavaScript, since the address of an asset is what breaks in bundlers.
import { bytesOf } from "../src/browser/base64url.js";
import { instantiate } from "./instance.js";
// Made by the build: xtask/src/wasm_text.rs describes the encoding, ./wasm_text.wat is the decoder.
import { common, decoder, texts } from "wasm-text";

const ALPHABET = bytesOf(" !#%&()*+,-./0123456789:;=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~");
const COMMON = 87;
/** Where the decoder has the text: behind its table. */
const TEXT = 384;

export const compile = async () => WebAssembly.compile(decoded(texts()));

/** By a module of its own: a loop in JavaScript is at its slowest before anything is compiled, and keeps the compilers busy. */
const decoded = (texts) => {
  const { memory, decode } = instantiate(new WebAssembly.Module(Uint8Array.from(decoder)));
  const space = new Uint8Array(memory.buffer);
  [...new Set([...common, ...Array(256).keys()])].forEach((byte, place) => {
    space[Math.floor(place / COMMON) * 128 + ALPHABET[place % COMMON]] = byte;
  });
  const bytes = new Uint8Array(texts.join("").length);
  let length = 0;
  for (const text of texts) {
    // Not every test environment has an encoder.
    space.set(globalThis.TextEncoder ? new TextEncoder().encode(text) : bytesOf(text), TEXT);
    const end = decode(TEXT, TEXT + text.length);
    bytes.set(space.subarray(TEXT, end), length);
    length += end - TEXT;
  }
  return bytes.subarray(0, length);
};
