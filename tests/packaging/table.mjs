// What became of each app: shown at the end, for the one who wants to know where it runs.

/** `columns`: the first ones name a row, the others are its cells. */
export function startTable(columns) {
  const rows = new Map();
  const table = {
    /** A test's function that is `run`, and leaves its outcome in the table. */
    cell({ column, ...row }, run) {
      const key = JSON.stringify(row);
      if (!rows.has(key)) rows.set(key, { ...row });
      return async () => {
        const startedAt = performance.now();
        const took = () => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
        try {
          await run();
          rows.get(key)[column] = `✓ ${took()}`;
        } catch (error) {
          rows.get(key)[column] = "✗";
          throw error;
        }
      };
    },
    /** Reports visits of this row's app: each is a test below `t`, and a cell. */
    into: (t, row) => (page, engine, run) => t.test(`${page} in ${engine}`, table.cell({ ...row, page, column: engine }, run)),
    print() {
      const lines = [columns, columns.map(() => "---"), ...[...rows.values()].map((row) => columns.map((column) => row[column] ?? "–"))];
      console.log(`\n${lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}\n`);
    },
  };
  return table;
}
