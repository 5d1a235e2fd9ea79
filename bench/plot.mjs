// The results as one picture: a row of bars for each figure.

import { parse, View } from "vega";
import { compile } from "vega-lite";
import { BARE, contenders, CONTROL, OURS } from "./contenders.mjs";
import { differences, ratios, summary } from "./statistics.mjs";

const exactly = (median) => ({ median, low: median, high: median });

/** As an SVG. */
export async function plot({ bytes, cold, distant, steady, memory }) {
  const charts = [
    ["bytes (brotli 11), a page that does all", ({ id }) => exactly(bytes.esbuild.full[id])],
    ["first refresh after a cold start, ms over bare", ({ id }) => summary(differences(cold[id].ms, cold[BARE].ms))],
    ["the same with 50 ms a round trip", ({ id }) => summary(differences(distant[id].ms, distant[BARE].ms))],
    ["refresh, × bare", ({ id }) => summary(ratios(steady[id].refreshMs, steady[BARE].refreshMs))],
    ["JavaScript heap after 100 refreshes, KB", ({ id }) => exactly(summary(memory[id].heap).median / 1_000)],
  ];
  const names = contenders.filter(({ id }) => id !== CONTROL);
  const specification = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    background: "white",
    padding: 12,
    columns: 1,
    spacing: 24,
    concat: charts.map(([title, figure]) => ({
      title: { text: title, anchor: "start", fontSize: 13 },
      width: 460,
      height: { step: 17 },
      data: { values: names.map((contender) => ({ name: contender.name, isOurs: contender.id === OURS, ...figure(contender) })) },
      encoding: {
        y: { field: "name", type: "nominal", sort: null, axis: { title: null, labelLimit: 400, ticks: false, domain: false } },
        x: { field: "median", type: "quantitative", axis: { title: null, tickCount: 5, gridColor: "#e5e5e5" } },
      },
      layer: [
        { mark: { type: "bar", height: 11 }, encoding: { color: { field: "isOurs", type: "nominal", scale: { domain: [false, true], range: ["#b8bcc4", "#2457c5"] }, legend: null } } },
        { mark: { type: "rule", color: "#222222" }, encoding: { x: { field: "low", type: "quantitative" }, x2: { field: "high" } } },
      ],
    })),
    config: { font: "sans-serif", view: { stroke: null } },
  };
  const view = new View(parse(compile(specification).spec), { renderer: "none" });
  return `${await view.toSVG()}\n`;
}
