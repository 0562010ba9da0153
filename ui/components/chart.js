// Draws one plotly figure in place (zoom survives updates) with its downloads, all in the browser.

const LOADING = "__alslopePlotly";

function base() {
  const script = document.querySelector('script[src*="static/js/"]');
  return script ? script.src.split("static/js/")[0] : new URL(".", document.baseURI).href;
}

function plotlyUrl(path) {
  return base() + path;
}

function loadPlotly(path) {
  if (!window[LOADING]) {
    window[LOADING] = new Promise((resolve, reject) => {
      const tag = document.createElement("script");
      tag.src = plotlyUrl(path);
      tag.onload = () => resolve(window.Plotly);
      tag.onerror = () => {
        window[LOADING] = null;
        reject(new Error("plotly.js could not be loaded"));
      };
      document.head.appendChild(tag);
    });
  }
  return window[LOADING];
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.appendChild(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function asBase64(buffer) {
  let text = "";
  const bytes = new Uint8Array(buffer);
  for (let i = 0; i < bytes.length; i += 32768) {
    text += String.fromCharCode.apply(null, bytes.subarray(i, i + 32768));
  }
  return btoa(text);
}

// An image of an SVG sees no font of the page, so the font travels inside the SVG.
async function fontFace() {
  const entry = performance
    .getEntriesByType("resource")
    .find((item) => /SourceSansVF-Upright[^/]*\.woff2/.test(item.name));
  if (!entry) return "";
  const answer = await fetch(entry.name);
  if (!answer.ok) return "";
  const data = asBase64(await answer.arrayBuffer());
  return (
    '<style>@font-face{font-family:"Source Sans";font-weight:200 900;' +
    `src:url(data:font/woff2;base64,${data}) format("woff2");}</style>`
  );
}

async function printedSvg(Plotly, data) {
  const figure = JSON.parse(data.printed);
  const size = { format: "svg", width: data.printWidth, height: figure.layout.height };
  const address = await Plotly.toImage({ data: figure.data, layout: figure.layout }, size);
  const svg = decodeURIComponent(address.slice(address.indexOf(",") + 1));
  return { svg: svg.replace(/(<svg[^>]*>)/, `$1${await fontFace()}`), size };
}

async function saveSvg(Plotly, data) {
  const { svg } = await printedSvg(Plotly, data);
  save(new Blob([svg], { type: "image/svg+xml" }), `${data.name}.svg`);
}

async function savePng(Plotly, data) {
  const { svg, size } = await printedSvg(Plotly, data);
  const scale = 3;
  const picture = new Image();
  const address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  await new Promise((resolve, reject) => {
    picture.onload = resolve;
    picture.onerror = reject;
    picture.src = address;
  });
  // A font inside an SVG can arrive one frame after the image says that it is loaded.
  await new Promise((resolve) => setTimeout(resolve, 120));
  const canvas = document.createElement("canvas");
  canvas.width = size.width * scale;
  canvas.height = size.height * scale;
  const context = canvas.getContext("2d");
  context.fillStyle = "#FFFFFF";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(address);
  canvas.toBlob((blob) => save(blob, `${data.name}.png`), "image/png");
}

async function saveHtml(Plotly, data) {
  const library = await (await fetch(plotlyUrl(data.plotly))).text();
  const quiet = (text) => text.replace(/<\/(script)/gi, "<\\/$1").replace(/<!--/g, "<\\!--");
  const title = document.createElement("i");
  title.textContent = data.title;
  const page =
    '<!doctype html><html lang="en"><head><meta charset="utf-8">' +
    `<title>${title.innerHTML}</title>${await fontFace()}</head><body style="margin:0;background:#fff">` +
    `<div id="figure" style="max-width:${data.printWidth}px;margin:16px auto"></div>` +
    `<script>${quiet(library)}</script><script>const figure=${quiet(data.printed)};` +
    'Plotly.newPlot("figure",figure.data,figure.layout,{responsive:true,displaylogo:false});' +
    "</script></body></html>";
  save(new Blob([page], { type: "text/html" }), `${data.name}.html`);
}

function saveCsv(_, data) {
  save(new Blob(["\ufeff", data.csv], { type: "text/csv" }), `${data.name}.csv`);
}

const DOWNLOADS = [
  ["PNG", savePng, "Picture at three times the size, light, for slides"],
  ["SVG", saveSvg, "Vector drawing, light, for print"],
  ["HTML", saveHtml, "Interactive figure in one file that opens without a network"],
  ["CSV", saveCsv, "The numbers in the figure"],
];

function isThere(label, data) {
  return Boolean(label === "CSV" ? data.csv : data.printed);
}

function toolbar(root, state) {
  const bar = root.querySelector(".alslope-chart-tools");
  const add = document.createElement("button");
  add.type = "button";
  add.dataset.kind = "Add";
  add.addEventListener("click", () => state.send("add", state.data.name));
  bar.appendChild(add);
  for (const [label, action, hint] of DOWNLOADS) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.title = hint;
    button.setAttribute("aria-label", `Download ${label}: ${hint}`);
    button.dataset.kind = label;
    button.addEventListener("click", () => {
      const make = () => download(button, action, state);
      if (isThere(label, state.data)) {
        make();
        return;
      }
      // The server draws the figure for print, and writes long tables, when it is asked to; see the
      // end of the file.
      button.disabled = true;
      state.waiting = { label, make };
      state.send("print", label);
    });
    bar.appendChild(button);
  }
}

async function download(button, action, state) {
  button.disabled = true;
  try {
    await action(await loadPlotly(state.data.plotly), state.data);
  } catch (problem) {
    button.title = `Could not be made: ${problem.message}`;
  } finally {
    button.disabled = false;
  }
}

function listen(plot, state) {
  plot.on("plotly_click", (event) => {
    const marked = (event.points || []).map((point) => point.customdata).find((c) => c && c[0]);
    if (marked) state.send("click", marked[0]);
  });
  plot.on("plotly_hover", (event) => {
    const marked = (event.points || []).some((point) => point.customdata && point.customdata[0]);
    plot.style.cursor = marked ? "pointer" : "";
  });
  plot.on("plotly_unhover", () => {
    plot.style.cursor = "";
  });
}

async function draw(root, state) {
  const { data } = state;
  if (state.drawn === data.figure) return;
  const plot = root.querySelector(".alslope-chart-plot");
  plot.style.minHeight = `${data.height}px`;
  // A figure with much beside its plot is scrolled sideways on a narrow screen, not squeezed.
  plot.style.minWidth = data.minWidth ? `${data.minWidth}px` : "";
  root.style.overflow = data.minWidth ? "auto hidden" : "";
  plot.setAttribute("aria-label", data.alt);
  const Plotly = await loadPlotly(data.plotly);
  if (state.gone || state.drawn === data.figure) return;
  const first = state.drawn === undefined;
  state.drawn = data.figure;
  const figure = JSON.parse(data.figure);
  await document.fonts.load('13px "Source Sans"').catch(() => undefined);
  // Plotly leaves shapes of an earlier figure behind when their number changes.
  const shapes = JSON.stringify((figure.layout.shapes || []).map((s) => [s.yref, s.layer]));
  if (!first && shapes !== state.shapes) {
    Plotly.purge(plot);
    state.listening = false;
  }
  state.shapes = shapes;
  await Plotly.react(plot, figure.data, figure.layout, {
    displaylogo: false,
    displayModeBar: false,
    doubleClick: "reset",
  });
  if (!state.listening) {
    listen(plot, state);
    state.listening = true;
  }
  if (first) {
    state.observer = new ResizeObserver(() => {
      if (plot.offsetWidth && plot.offsetWidth !== state.width) {
        state.width = plot.offsetWidth;
        Plotly.Plots.resize(plot);
      }
    });
    state.width = plot.offsetWidth;
    state.observer.observe(plot);
  }
  plot.dataset.drawn = data.name;
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".alslope-chart");
  if (!root.alslope) {
    root.alslope = { data };
    toolbar(root, root.alslope);
  }
  const state = root.alslope;
  state.gone = false;
  state.data = data;
  state.send = setTriggerValue;
  for (const button of root.querySelectorAll(".alslope-chart-tools button")) {
    button.hidden = !data.saves || (button.dataset.kind === "Add" && !data.adds);
  }
  const add = root.querySelector('[data-kind="Add"]');
  add.textContent = data.chosen ? "In presentation" : "Add to presentation";
  add.classList.toggle("alslope-chosen", Boolean(data.chosen));
  add.title = data.chosen
    ? "Already chosen; a click refreshes it with the settings of now"
    : "Keeps this figure, with its settings, for slides and files on the Present page";
  if (state.waiting && isThere(state.waiting.label, data)) {
    state.waiting.make();
    state.waiting = undefined;
  }
  draw(root, state).catch((problem) => {
    const plot = root.querySelector(".alslope-chart-plot");
    plot.textContent = `The figure could not be drawn: ${problem.message}. Reload the page.`;
  });
  return () => {
    state.gone = true;
    state.observer?.disconnect();
    const plot = root.querySelector(".alslope-chart-plot");
    if (window.Plotly && plot) window.Plotly.purge(plot);
    state.drawn = undefined;
    state.listening = false;
  };
}
