// Countries' outlines, projected once, so that a page can show them without a script or a request.
//
// Line 1: width and height. Each further line: a code of ISO 3166-1 alpha-2, or - where there is none, and an SVG path.
// A state that is too small to be seen at this width is a dot, drawn after all the others.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { geoEqualEarth, geoPath } from "d3-geo";
import { feature } from "topojson-client";
import { presimplify, simplify, sphericalTriangleArea } from "topojson-simplify";

const WIDTH = 2000;
const PIECE = 1.5e-6; // Of a corner's triangle, in steradians: what is flatter is not seen at this width.
const DOT = 5; // About the radius of a dot; a state of less than its square is shown as one.
const ISLAND = 3; // Square units: a smaller piece of a country that has a larger one is left out.
const require = createRequire(import.meta.url);
const read = (name) => JSON.parse(readFileSync(require.resolve(name), "utf8"));
const atlas = read("world-atlas/countries-50m.json");
const codeOf = new Map(read("i18n-iso-countries/codes.json").map(([two, , number]) => [number, two]));

const ANTARCTICA = "010"; // A third of the height, and no country.
const topology = simplify(presimplify(atlas, sphericalTriangleArea), PIECE);
const drawn = (from) => feature(from, from.objects.countries).features.filter((one) => one.id !== ANTARCTICA);
const countries = drawn(topology);
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

// Nobody looks for the rocks of a large country; of a small one its largest piece is what there is.
function pieces(one) {
  if (one.geometry.type !== "MultiPolygon") return one;
  const sized = one.geometry.coordinates.map((rings) => [rings, path.area({ type: "Polygon", coordinates: rings })]);
  const most = Math.max(...sized.map(([, area]) => area));
  const kept = sized.filter(([, area]) => area === most || area >= ISLAND).map(([rings]) => rings);
  return { ...one, geometry: { type: "MultiPolygon", coordinates: kept } };
}

function dot([x, y]) {
  const inside = (at, most) => Math.round(Math.max(DOT, Math.min(most - DOT, at)));
  return `M${inside(x, WIDTH) - 2} ${inside(y, height) - 5}l4 0 3 3 0 4-3 3-4 0-3-3 0-4z`;
}

const whole = drawn(atlas);
// Natural Earth has islets apart that bear the number of the country they belong to.
const largest = new Map();
for (const one of whole) if (one.id && path.area(one) > (largest.get(one.id) ?? 0)) largest.set(one.id, path.area(one));
const lines = countries.map((one, at) => {
  const small = path.area(whole[at]) < DOT ** 2;
  if (one.id && path.area(whole[at]) < largest.get(one.id)) return [small, "-", ""];
  return [small, codeOf.get(one.id) ?? "-", small ? dot(path.centroid(whole[at])) : shortened(path(pieces(one)))];
});
lines.sort(([dotted, one, path], [otherDotted, other, otherPath]) => dotted - otherDotted || (one + path < other + otherPath ? -1 : 1));
console.log(`${WIDTH} ${height}`);
for (const [, code, told] of lines) if (told) console.log(`${code} ${told}`);
