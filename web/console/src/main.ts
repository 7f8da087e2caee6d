import { mount } from "svelte";
import App from "./App.svelte";
import { askAhead, filterAsked, situationPath } from "./lib/api";
import { place } from "./lib/place.svelte";
import "./page.css";
import "uplot/dist/uPlot.min.css";

// The first screen's question goes out with those of who is looking and of the labels, where somebody was in before.
if (place.path === "/" && !location.hash && localStorage.getItem("entered")) askAhead(situationPath(filterAsked(place.query.get("filter") ?? "")));

mount(App, { target: document.getElementById("app")! });
