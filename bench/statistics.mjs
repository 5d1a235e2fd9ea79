// Medians of what was paired round by round, with 95 % intervals from the order of the values: no assumption about how they are spread,
// and nothing drawn by lot.

/** `{ median, low, high }` of numbers. */
export function summary(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = lowRank(sorted.length);
  return {
    median: (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2,
    low: sorted[rank],
    high: sorted[sorted.length - 1 - rank],
  };
}

export const ratios = (values, to) => values.map((value, round) => value / to[round]);
export const differences = (values, to) => values.map((value, round) => value - to[round]);

/**
 * How many values at each end lie outside the interval. Each value is below the true median as often as a coin shows heads, so that the
 * value at this place is above it in less than one of 40 cases. Fewer than six values say less than that, and all are inside.
 */
export function lowRank(count) {
  let exactly = 0.5 ** count;
  let below = exactly;
  let rank = 0;
  while (rank + 1 < count / 2) {
    exactly *= (count - rank) / (rank + 1);
    below += exactly;
    if (below > 0.025) break;
    rank++;
  }
  return rank;
}

/** The longest row of requests, each with the times `began` and `ended`, of which each began after the one before had ended. */
export function roundTrips(requests) {
  let count = 0;
  let free = -Infinity;
  for (const { began, ended } of requests.toSorted((a, b) => a.ended - b.ended)) {
    if (began < free) continue;
    count++;
    free = ended;
  }
  return count;
}
