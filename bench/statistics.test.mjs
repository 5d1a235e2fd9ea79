import assert from "node:assert/strict";
import { test } from "node:test";
import { differences, ratios, roundTrips, summary } from "./statistics.mjs";

test("the interval of a median is that of the sign test", () => {
  const upTo = (count) => summary(Array.from({ length: count }, (_, index) => count - index));
  assert.deepEqual(upTo(1), { median: 1, low: 1, high: 1 });
  assert.deepEqual(upTo(6), { median: 3.5, low: 1, high: 6 });
  assert.deepEqual(upTo(10), { median: 5.5, low: 2, high: 9 });
  assert.deepEqual(upTo(25), { median: 13, low: 8, high: 18 });
  assert.deepEqual(upTo(40), { median: 20.5, low: 14, high: 27 });
});

test("rounds are compared each with itself", () => {
  assert.deepEqual(ratios([2, 9], [1, 3]), [2, 3]);
  assert.deepEqual(differences([2, 9], [1, 3]), [1, 6]);
});

test("requests side by side are one round trip", () => {
  const request = (began, ended) => ({ began, ended });
  assert.equal(roundTrips([]), 0);
  assert.equal(roundTrips([request(0, 50), request(1, 51), request(2, 52)]), 1);
  assert.equal(roundTrips([request(60, 110), request(0, 50), request(61, 111), request(112, 160)]), 3);
  // A long one beside two short ones.
  assert.equal(roundTrips([request(0, 500), request(0, 50), request(60, 110)]), 2);
});
