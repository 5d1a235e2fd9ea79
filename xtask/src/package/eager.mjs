// Puts every function of a file into parentheses. V8 and SpiderMonkey take that for a function that is called at once, and compile
// it on another thread while the file arrives; any other they skip there, and read again on the page's thread when it is first called.

import { readFileSync, writeFileSync } from "node:fs";
import { parse } from "acorn";
import { simple } from "acorn-walk";
import MagicString from "magic-string";

const [, , file] = process.argv;
const code = readFileSync(file, "utf8");
const eager = new MagicString(code);
const wrap = ({ start, end }) => {
  eager.appendRight(start, "(").appendLeft(end, ")");
};
simple(parse(code, { ecmaVersion: "latest", sourceType: "module" }), {
  ArrowFunctionExpression: wrap,
  FunctionExpression(node) {
    // A method begins with its parameters, and has no other way to be written.
    if (code[node.start] !== "(") wrap(node);
  },
});
writeFileSync(file, eager.toString());
