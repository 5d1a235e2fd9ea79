/**
 * The same as `rekindle`, with the WebAssembly module in a file of its own, `rekindle.wasm`, which is compiled while it arrives. The
 * page's policy has to allow that file: `connect-src 'self'`. In Node, and by `require`, it is `rekindle` itself.
 *
 * @module
 */
export * from "./index.js";
