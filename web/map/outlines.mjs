// Countries' outlines, projected once, so that a page can show them without a script or a request.
//
// Line 1: width and height. Each further line: a code of ISO 3166-1 alpha-2, or - where there is none, and an SVG path.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { geoEqualEarth, geoPath } from "d3-geo";
import { feature } from "topojson-client";

const WIDTH = 2000;
const require = createRequire(import.meta.url);
const read = (name) => JSON.parse(readFileSync(require.resolve(name), "utf8"));
const atlas = read("world-atlas/countries-110m.json");
const codeOf = new Map(read("i18n-iso-countries/codes.json").map(([two, , number]) => [number, two]));

const ANTARCTICA = "010"; // A third of the height, and no country.
const countries = feature(atlas, atlas.objects.countries).features.filter((one) => one.id !== ANTARCTICA);
const projection = geoEqualEarth().fitWidth(WIDTH, { type: "FeatureCollection", features: countries });
const path = geoPath(projection);
const height = Math.ceil(path.bounds({ type: "FeatureCollection", features: countries })[1][1]);

// Whole numbers, each point told from the one before: a third of the bytes.
function shortened(drawn) {
  return drawn.replace(/M([^MZ]*)Z/g, (_, ring) => {
    let [x, y] = [0, 0];
    const points = ring.split("L").map((point) => point.split(",").map(Math.round));
    const steps = points.flatMap(([nextX, nextY], at) => {
      const step = [nextX - x, nextY - y];
      if (at > 0 && step[0] === 0 && step[1] === 0) return [];
      [x, y] = [nextX, nextY];
      return [at > 0 ? step.join(" ") : `M${nextX} ${nextY}l`];
    });
    return steps.length > 3 ? `${steps[0]}${steps.slice(1).join(" ").replaceAll(" -", "-")}z` : "";
  });
}

const lines = countries.map((one) => [codeOf.get(one.id) ?? "-", shortened(path(one))]);
lines.sort(([one, path], [other, otherPath]) => (one + path < other + otherPath ? -1 : 1));
console.log(`${WIDTH} ${height}`);
for (const [code, drawn] of lines) if (drawn) console.log(`${code} ${drawn}`);
