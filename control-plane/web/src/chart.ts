// Bars over time, drawn from a table of the page: its first column is the time, each other one a layer.
import uPlot from "uplot";

const HOUR = 3600;

interface Layer {
  name: string;
  colour: string;
  numbers: number[];
}

for (const place of document.querySelectorAll<HTMLElement>("[data-chart]")) {
  const table = document.getElementById(place.dataset.chart ?? "");
  if (table instanceof HTMLTableElement) draw(place, table);
}

function draw(place: HTMLElement, table: HTMLTableElement): void {
  let chart: uPlot | undefined;
  const again = () => {
    chart?.destroy();
    chart = made(place, table);
  };
  again();
  new ResizeObserver(() => chart?.setSize(size(place))).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
}

function made(place: HTMLElement, table: HTMLTableElement): uPlot {
  const rows = [...(table.tBodies[0]?.rows ?? [])];
  const times = rows.map((row) => Date.parse(row.querySelector("time")?.dateTime ?? "") / 1000);
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])].slice(1);
  const layers: Layer[] = heads.map((head, index) => ({
    name: head.textContent ?? "",
    colour: colour(place, head.dataset.colour ?? "--accent"),
    numbers: rows.map((row) => Number(row.cells[index + 1]?.textContent ?? 0)),
  }));
  // Each layer stands on those before it; the tallest is drawn first, and the others over it.
  const sums: number[][] = [];
  layers.forEach((layer, index) => sums.push(layer.numbers.map((number, at) => number + (sums[index - 1]?.[at] ?? 0))));
  const order = layers.map((_, index) => index).reverse();
  const bars = uPlot.paths.bars?.({ size: [0.8, 40], align: 1 });
  const [soft, line] = [colour(place, "--ink-soft"), colour(place, "--line")];
  const axis = { stroke: soft, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  return new uPlot(
    {
      ...size(place),
      legend: { live: true },
      cursor: { drag: { x: false, y: false }, points: { show: false } },
      scales: { x: { range: () => [times[0] ?? 0, (times.at(-1) ?? 0) + HOUR] }, y: { range: (_, __, most) => [0, Math.max(most * 1.1, 4)] } },
      axes: [axis, { ...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6, 1e7] }],
      series: [
        {},
        ...order.map((index) => ({
          label: layers[index]!.name,
          fill: layers[index]!.colour,
          stroke: layers[index]!.colour,
          width: 0,
          paths: bars,
          points: { show: false },
          value: (_: uPlot, __: number, ___: number, at: number | null) => (at === null ? "–" : String(layers[index]!.numbers[at] ?? 0)),
        })),
      ],
    },
    [times, ...order.map((index) => sums[index]!)] as uPlot.AlignedData,
    place,
  );
}

function size(place: HTMLElement): { width: number; height: number } {
  return { width: Math.max(place.clientWidth, 200), height: 220 };
}

/** What a variable of the style sheet comes to in the theme of now. */
function colour(place: HTMLElement, variable: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${variable})`;
  place.append(probe);
  const said = getComputedStyle(probe).color;
  probe.remove();
  return said;
}
